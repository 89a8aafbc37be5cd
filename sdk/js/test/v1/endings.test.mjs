import assert from 'node:assert/strict';
import test from 'node:test';
import { KINDS, Notebook, options, scene, turns, until } from '../../fake/v1/scene.mjs';
import { Page } from '../../fake/v1/page.mjs';

// closeAll ends every WebSocket with a code.
function closeAll(server, code) {
  server.sessions.forEach((session) => session.close(code, ''));
}

test('1001: comes back within seconds, by chance, and it is no error', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page, errors } = await follow('websocket');
  await server.subscribed('room');
  closeAll(server, 1001);
  await until(() => client.state === 'waiting');
  assert.deepEqual(page.clock.delays(), [2500]);
  page.clock.advance(2500);
  await until(() => client.state === 'open');
  assert.deepEqual(errors, []);
});

test('4401: gets a new token and comes back', options, async (t) => {
  const { server, open } = await scene(t);
  server.token = 'first';
  const tokens = ['first', 'second'];
  const { client, page } = open({ transports: ['websocket'], token: async () => tokens.shift() });
  const notes = new Notebook(client.subscribe('room'));
  await notes.heard('subscribed');
  server.token = 'second';
  closeAll(server, 4401);
  await until(() => client.state === 'waiting');
  server.push('room', 'meanwhile');
  page.clock.advance(500);
  await notes.got(1);
  assert.equal(server.requests[1].query.includes('token=second'), true);
});

for (const code of [1002, 1003, 1007, 1009, 4400]) {
  test(`${code}: what was sent is not repeated over a WebSocket`, options, async (t) => {
    const { server, open } = await scene(t);
    const { client, errors } = open({ transports: ['websocket', 'stream'] });
    const notes = new Notebook(client.subscribe('room'));
    await notes.heard('subscribed');
    server.mute = true;
    const lost = assert.rejects(client.publish('room', 'bad'), { code: 'connection' });
    await until(() => server.commands.at(-1).cmd === 'publish');
    closeAll(server, code);
    await lost;
    await until(() => client.transport === 'stream');
    await server.subscribed('room');
    assert.equal(server.commands.filter(({ cmd }) => cmd === 'publish').length, 1);
    assert.deepEqual(errors, [code]);
    server.push('room', 'hi');
    await notes.got(1);
  });
}

for (const [status, headers, wait] of [
  [503, { 'Retry-After': '120' }, 120_500],
  [429, { 'Retry-After': new Date(90_000).toUTCString() }, 90_500],
  [503, { 'Retry-After': 'soon' }, 500],
  [502, {}, 500],
]) {
  test(`status ${status} with Retry-After ${headers['Retry-After']} waits ${wait} ms`, options, async (t) => {
    const { server, open } = await scene(t);
    server.blocked = { '/stream': status };
    server.headers = headers;
    const { client, page, errors } = open({ transports: ['stream'] });
    client.subscribe('room');
    await until(() => client.state === 'waiting');
    assert.deepEqual(page.clock.delays(), [wait]);
    assert.deepEqual(errors, [status]);
    page.setVisible(true);
    await turns();
    assert.equal(server.requests.length, wait > 500 ? 1 : 2, 'it comes back ahead of time only if it was not told when');
  });
}

test('the wait doubles with each attempt and begins anew after a stable time', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page } = await follow('stream');
  const waits = [];
  const loseIt = async () => {
    server.cut();
    await until(() => client.state === 'waiting');
    waits.push(...page.clock.delays());
    page.clock.advance(waits.at(-1));
    await until(() => client.state === 'open');
  };
  for (let i = 0; i < 7; i++) {
    await loseIt();
  }
  page.clock.advance(10_000);
  await loseIt();
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 500]);
});

for (const kind of KINDS) {
  test(`${kind}: a server that falls silent is left`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, page, errors } = await follow(kind);
    await server.subscribed('room');
    const limit = kind === 'poll' ? 95_000 : 50_000;
    page.clock.advance(limit - 10_000);
    const before = server.requests.length;
    server.noops();
    await (kind === 'poll' ? server.requested('/poll', before + 1) : turns());
    page.clock.advance(limit - 10_000);
    await turns();
    assert.deepEqual(errors, []);
    page.clock.advance(10_000);
    assert.equal(client.state, 'waiting');
    assert.deepEqual(errors, ['timeout']);
  });
}

test('an error of the whole connection is told', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, errors } = await follow('websocket');
  server.sendRaw({ type: 'error', code: 429, text: 'too many' });
  server.sendRaw({ type: 'error', code: 401, text: 'token missing' }); // channels may have tokens of their own
  await until(() => errors.length === 2);
  assert.deepEqual(errors, [429, 401]);
  assert.equal(client.state, 'open');
});

test('a message that is not JSON ends the connection', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, errors } = await follow('stream');
  server.sendRaw({ toJSON: () => undefined }); // goes out as the line "undefined"
  await until(() => client.state === 'waiting');
  assert.deepEqual(errors, ['protocol']);
});

test('offline at the start: the wait is long, and coming online ends it', options, async (t) => {
  const { server, open } = await scene(t);
  const page = new Page();
  page.isOnline = false;
  server.blocked = { '/stream': 502 };
  const { client, states } = open({ page, transports: ['stream'] });
  client.subscribe('room');
  await until(() => client.state === 'offline');
  assert.deepEqual(page.clock.delays(), [30_000]);
  server.blocked = {};
  page.goOnline();
  await until(() => client.state === 'open');
  assert.deepEqual(states, ['connecting', 'offline', 'connecting', 'open']);
});
