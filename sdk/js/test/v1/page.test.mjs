import assert from 'node:assert/strict';
import test from 'node:test';
import { KINDS, options, scene, turns, until } from '../../fake/v1/scene.mjs';

for (const kind of KINDS) {
  test(`${kind}: offline lets go of the connection, online brings it back`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes, states, errors } = await follow(kind);
    await server.subscribed('room');
    page.goOffline();
    assert.equal(client.state, 'offline');
    await server.unsubscribed('room');
    server.push('room', 'meanwhile');
    page.goOnline();
    await notes.got(1);
    if (kind !== 'poll') {
      await until(() => client.state === 'open');
      assert.deepEqual(states, ['connecting', 'open', 'offline', 'connecting', 'open']);
    }
    assert.deepEqual(errors, []);
  });

  test(`${kind}: a page that is put away closes quietly, and goes on when it is back`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, notes, errors } = await follow(kind);
    await server.subscribed('room');
    for (const [target, away, back] of [[page.window, 'pagehide', 'pageshow'], [page.document, 'freeze', 'resume']]) {
      const before = notes.messages.length;
      target.tell(away);
      assert.equal(client.state, 'paused');
      assert.deepEqual(page.clock.delays(), []);
      await server.unsubscribed('room');
      server.push('room', back);
      target.tell(back);
      await notes.got(before + 1);
      await server.subscribed('room');
    }
    assert.deepEqual(notes.messages, ['pageshow', 'resume']);
    assert.deepEqual(errors, []);
  });
}

test('a hidden tab stays connected unless it is told to pause', options, async (t) => {
  const { server, follow } = await scene(t);
  const stays = await follow('websocket');
  const pauses = await follow('websocket', 'room', { client: { pauseHiddenMs: 30_000 } });
  for (const { page } of [stays, pauses]) {
    page.setVisible(false);
    page.clock.advance(29_999);
  }
  assert.equal(pauses.client.state, 'open');
  pauses.page.clock.advance(1);
  stays.page.clock.advance(1);
  assert.deepEqual([stays.client.state, pauses.client.state], ['open', 'paused']);
  server.push('room', 'hi');
  pauses.page.setVisible(true);
  await Promise.all([stays.notes.got(1), pauses.notes.got(1)]);
});

test('a tab that is shown again before its time does not pause', options, async (t) => {
  const { follow } = await scene(t);
  const { client, page } = await follow('websocket', 'room', { client: { pauseHiddenMs: 30_000 } });
  page.setVisible(false);
  page.clock.advance(20_000);
  page.setVisible(true);
  await turns();
  page.clock.advance(20_000);
  assert.equal(client.state, 'open');
});

test('a tab that becomes visible checks a WebSocket at once', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page, errors } = await follow('websocket');
  page.setVisible(true);
  await until(() => server.commands.at(-1).cmd === 'ping');
  await turns();
  page.clock.advance(5000);
  assert.equal(client.state, 'open');
  server.mute = true;
  page.setVisible(true);
  page.clock.advance(5000);
  await until(() => client.state === 'waiting');
  assert.deepEqual(errors, ['timeout']);
});

test('a tab that slept past the heartbeat reconnects as soon as it is visible', options, async (t) => {
  const { follow } = await scene(t);
  let asleep = 0;
  const { Page } = await import('../../fake/v1/page.mjs');
  const page = new Page();
  const { client } = await follow('stream', 'room', { client: { page, env: { now: () => page.clock.now() + asleep } } });
  asleep = 60_000; // time has passed, and no timer ran
  page.setVisible(true);
  await until(() => client.state === 'waiting');
});

test('a tab that becomes visible does not wait for the back-off', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page } = await follow('stream');
  server.cut();
  await until(() => client.state === 'waiting');
  page.setVisible(true);
  await until(() => client.state === 'open');
});
