import assert from 'node:assert/strict';
import test from 'node:test';
import { options, scene, turns, until } from '../../fake/v1/scene.mjs';

test('a loop gets the messages and ends with the subscription', options, async (t) => {
  const { server, follow } = await scene(t);
  const { subscription } = await follow('websocket');
  ['one', 'two', 'three'].forEach((text) => server.push('room', text));
  const texts = [];
  for await (const { content } of subscription) {
    texts.push(content);
    if (texts.length === 3) {
      subscription.unsubscribe();
    }
  }
  assert.deepEqual(texts, ['one', 'two', 'three']);
  for await (const message of subscription) {
    assert.fail(`${message.content} after the end`);
  }
});

test('leaving a loop leaves the subscription', options, async (t) => {
  const { server, follow } = await scene(t);
  const { subscription, notes } = await follow('websocket');
  server.push('room', 'one');
  for await (const message of subscription) {
    assert.equal(message.content, 'one');
    break;
  }
  server.push('room', 'two');
  await notes.got(2);
  assert.equal(subscription.closed, false);
});

test('a loop that is too slow loses the oldest and is told', options, async (t) => {
  const { server, follow } = await scene(t);
  const { subscription, notes } = await follow('websocket', 'room', { client: { queueMax: 2 } });
  const loop = subscription[Symbol.asyncIterator]();
  ['one', 'two', 'three', 'four'].forEach((text) => server.push('room', text));
  await notes.got(4);
  assert.deepEqual(notes.gaps, ['slow 1-1', 'slow 2-2']);
  const waiting = [loop.next(), loop.next(), loop.next()];
  assert.deepEqual([(await waiting[0]).value.content, (await waiting[1]).value.content], ['three', 'four']);
  server.push('room', 'five');
  assert.equal((await waiting[2]).value.content, 'five');
  await loop.return();
});

test('a refusal is thrown in the loop', options, async (t) => {
  const { server, open } = await scene(t);
  server.refuseChannel.room = 403;
  const { client, page } = open({ transports: ['websocket'], isDeaf: true });
  const loop = async () => {
    for await (const message of client.subscribe('room')) {
      assert.fail(message.content);
    }
  };
  await assert.rejects(loop(), { code: 403, channel: 'room' });
  assert.deepEqual(page.reported, []);
});

test('a handler that throws is reported and disturbs nobody', options, async (t) => {
  const { server, follow } = await scene(t);
  const { page, subscription, notes } = await follow('websocket');
  const off = subscription.on('message', () => {
    throw new Error('mine');
  });
  let once = 0;
  subscription.once('message', () => once++);
  server.push('room', 'one');
  server.push('room', 'two');
  await notes.got(2);
  off();
  server.push('room', 'three');
  await notes.got(3);
  await turns();
  assert.deepEqual(page.reported.map((error) => error.message), ['mine', 'mine']);
  assert.equal(once, 1);
  await until(() => notes.messages.length === 3);
});
