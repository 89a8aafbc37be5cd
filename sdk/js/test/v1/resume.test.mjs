import assert from 'node:assert/strict';
import test from 'node:test';
import { generator, KINDS, Notebook, options, scene, until } from '../../fake/v1/scene.mjs';

for (const kind of KINDS) {
  test(`${kind}: what was published while the connection was lost comes afterwards, once`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes, errors } = await follow(kind);
    server.push('room', 'one');
    await notes.got(1);
    await server.subscribed('room');
    server.cut();
    await until(() => client.state === 'waiting');
    server.push('room', 'two');
    server.push('room', 'three');
    page.clock.advance(500);
    await notes.got(3);
    assert.deepEqual(notes.messages, ['one', 'two', 'three']);
    assert.deepEqual(notes.gaps, []);
    assert.equal(errors.length, 1);
  });

  test(`${kind}: nothing is lost, doubled or reordered over many cuts and changes`, options, async (t) => {
    const { server, open } = await scene(t);
    const next = generator(t);
    server.historyMax = 10_000;
    const visitor = open({ transports: [kind] });
    const { client, page } = visitor;
    page.chance = 0; // it comes back at once
    const names = ['a', 'b', 'c'];
    const sent = Object.fromEntries(names.map((name) => [name, []]));
    const all = names.map((name) => new Notebook(client.subscribe(name)));
    await Promise.all(all.map((notes) => notes.heard('subscribed')));
    let passing = null;
    for (let i = 0; i < 400; i++) {
      const name = names[Math.floor(next() * names.length)];
      sent[name].push(`${name}${i}`);
      server.push(name, `${name}${i}`);
      if (next() < 0.1) {
        server.cut();
      }
      if (next() < 0.1) {
        passing?.unsubscribe();
        passing = client.subscribe('passing');
      }
      if (next() < 0.5) {
        await new Promise(setImmediate);
      }
    }
    await until(() => all.every((notes, i) => notes.messages.length >= sent[names[i]].length));
    all.forEach((notes, i) => {
      assert.deepEqual(notes.messages, sent[names[i]]);
      assert.deepEqual(notes.gaps, []);
    });
    assert.ok(visitor.errors.length > 0, 'no connection was cut');
  });

  test(`${kind}: what has left the history is told as a gap`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes } = await follow(kind);
    await server.subscribed('room');
    server.cut();
    await until(() => client.state === 'waiting');
    for (let i = 1; i <= 13; i++) {
      server.push('room', i);
    }
    page.clock.advance(500);
    await notes.got(10);
    assert.deepEqual(notes.gaps, ['trimmed 1-3']);
    assert.deepEqual(notes.messages, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });

  test(`${kind}: a channel's new life is told as a gap, and all of it comes`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes, subscription } = await follow(kind);
    ['a', 'b', 'c'].forEach((text) => server.push('room', text));
    await notes.got(3);
    server.restart();
    await until(() => client.state === 'waiting');
    server.push('room', 'new');
    page.clock.advance(500);
    await notes.got(4);
    assert.deepEqual(notes.messages, ['a', 'b', 'c', 'new']);
    assert.deepEqual(notes.gaps, ['restarted 1-0']);
    assert.deepEqual(subscription.position, { epoch: server.channel('room').epoch, seq: 2 });
    assert.equal(notes.events.filter((event) => event === 'subscribed').length, 1);
  });

  test(`${kind}: a message that comes again is dropped`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes } = await follow(kind);
    const first = server.push('room', 'one');
    await notes.got(1);
    await server.subscribed('room');
    server.sendRaw(first);
    if (kind === 'poll') { // an answer that brings nothing is not asked for again at once
      await until(() => client.state === 'waiting');
      page.clock.advance(500);
    }
    await server.subscribed('room');
    server.push('room', 'two');
    await notes.got(2);
    assert.deepEqual(notes.messages, ['one', 'two']);
  });

  test(`${kind}: a hole is healed by coming back`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes, errors } = await follow(kind);
    await server.subscribed('room');
    const { history, epoch } = server.channel('room');
    history.push({ type: 'data', cname: 'room', seq: 1, epoch, content: 'kept back' });
    server.channel('room').next = 2;
    server.push('room', 'seen');
    await until(() => client.state === 'waiting');
    page.clock.advance(500);
    await notes.got(2);
    assert.deepEqual(notes.messages, ['kept back', 'seen']);
    assert.deepEqual(errors, ['protocol']);
    assert.deepEqual(notes.gaps, []);
  });

  test(`${kind}: a hole that stays is told as a gap of unknown reason`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes } = await follow(kind);
    await server.subscribed('room');
    server.channel('room').next = 4;
    server.channel('room').oldest = () => 1; // the server believes that it has 1 to 3
    server.push('room', 'four');
    await until(() => client.state === 'waiting');
    page.clock.advance(500);
    await notes.got(1);
    assert.deepEqual(notes.gaps, ['unknown 1-3']);
    assert.deepEqual(notes.messages, ['four']);
  });
}

test('a position kept over a reload goes on there', options, async (t) => {
  const { server, follow } = await scene(t);
  const first = await follow('websocket');
  server.push('room', 'one');
  await first.notes.got(1);
  const kept = JSON.stringify(first.subscription.position);
  first.client.close();
  server.push('room', 'two');
  const second = await follow('websocket', 'room', { subscription: { position: JSON.parse(kept) } });
  await second.notes.got(1);
  assert.deepEqual(second.notes.messages, ['two']);
});

test('two subscriptions of a channel may begin at different places', options, async (t) => {
  const { server, open } = await scene(t);
  ['1', '2', '3'].forEach((text) => server.push('room', text));
  const { client } = open({ transports: ['websocket'] });
  const late = new Notebook(client.subscribe('room'));
  await late.heard('subscribed');
  server.push('room', '4');
  await late.got(1);
  const early = new Notebook(client.subscribe('room', { last: 3 }));
  await early.got(3);
  const other = new Notebook(client.subscribe('room', { presence: true }));
  await other.heard('subscribed');
  server.push('room', '5');
  await Promise.all([late.got(2), early.got(4), other.got(1)]);
  assert.deepEqual([late.messages, early.messages, other.messages], [['4', '5'], ['2', '3', '4', '5'], ['5']]);
  late.subscription.unsubscribe();
  server.push('room', '6');
  await early.got(5);
  assert.deepEqual(late.messages, ['4', '5']);
});

test('a channel that the server was too busy for is asked for again later', options, async (t) => {
  const { server, open } = await scene(t);
  server.refuseChannel.room = 503;
  const { client, page, errors } = open({ transports: ['websocket'] });
  const notes = new Notebook(client.subscribe('room'));
  await notes.heard('error 503');
  server.refuseChannel = {};
  page.clock.advance(7500);
  await notes.heard('subscribed');
  assert.deepEqual(errors, [503]);
  assert.equal(notes.subscription.closed, false);
});
