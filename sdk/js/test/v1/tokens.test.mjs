import assert from 'node:assert/strict';
import test from 'node:test';
import { KINDS, live, Notebook, options, scene, until } from '../../fake/v1/scene.mjs';

// jwt is unsigned, and ends after that many seconds.
function jwt(exp) {
  return `e30.${btoa(JSON.stringify({ exp }))}.`;
}

for (const kind of KINDS) {
  test(`${kind}: a refused token of the connection is renewed`, options, async (t) => {
    const { server, open } = await scene(t);
    server.token = 'second';
    const tokens = ['first', 'second'];
    const { client, page } = open({ transports: [kind], token: () => tokens.shift(), failuresMax: 9 });
    const notes = new Notebook(client.subscribe('room'));
    if (kind === 'websocket') { // a handshake that fails does not say why
      server.token = 'first';
      await notes.heard('subscribed');
      server.token = 'second';
      server.sendRaw({ type: 'error', code: 401, text: 'expired' });
    }
    await until(() => client.state === 'waiting');
    page.clock.advance(500);
    await notes.heard('subscribed');
    await until(() => server.sessions.size === 1 && [...server.sessions][0].token === 'second');
    assert.deepEqual(notes.events, ['subscribed']);
  });

  test(`${kind}: a refused token of a channel is renewed, twice at most`, options, async (t) => {
    const { server, open } = await scene(t);
    server.channelTokens = { room: 'third', other: 'never' };
    const { client, errors } = open({ transports: [kind] });
    const tokens = ['first', 'second', 'third'];
    const room = new Notebook(client.subscribe('room', { token: async () => tokens.shift() }));
    await room.heard('subscribed');
    const other = new Notebook(client.subscribe('other', { token: () => 'wrong' }));
    await other.heard('close refused');
    assert.deepEqual(errors, [401]);
    assert.deepEqual(room.events, ['subscribed']);
  });
}

test('a channel that refuses a fixed token is told', options, async (t) => {
  const { server, open } = await scene(t);
  server.channelTokens = { room: 'right' };
  const { client } = open({ transports: ['websocket'] });
  const notes = new Notebook(client.subscribe('room', { token: 'wrong' }));
  await notes.heard('close refused');
  assert.deepEqual(notes.events, ['error 401', 'close refused']);
});

test('a final error that nobody listens to is reported', options, async (t) => {
  const { server, open } = await scene(t);
  server.refuseChannel.room = 403;
  const { page, client } = open({ transports: ['websocket'], isDeaf: true });
  client.subscribe('room');
  await until(() => page.reported.length === 1);
  assert.equal(page.reported[0].code, 403);
  assert.equal(page.reported[0].channel, 'room');
});

test('a token function that fails is asked again later, and no transport is blamed', options, async (t) => {
  const { open } = await scene(t);
  let calls = 0;
  const { client, page, errors } = open({
    token: async () => {
      if (++calls <= 3) {
        throw new Error('the application is down');
      }
      return 'good';
    },
  });
  const notes = new Notebook(client.subscribe('room'));
  for (let i = 1; i <= 3; i++) {
    await until(() => client.state === 'waiting' && calls === i);
    page.clock.advance(30_000);
  }
  await notes.heard('subscribed');
  assert.deepEqual(errors, ['token', 'token', 'token']);
  assert.equal(client.transport, 'websocket');
});

test('the token function of a channel that fails is asked again later', options, async (t) => {
  const { server, open } = await scene(t);
  server.channelTokens = { room: 'right' };
  const { client, page, errors } = open({ transports: ['websocket'] });
  let calls = 0;
  const token = async () => {
    if (++calls < 3) {
      throw new Error('the application is down');
    }
    return 'right';
  };
  const notes = new Notebook(client.subscribe('room', { token }));
  const other = client.subscribe('room', { token: () => Promise.reject(new Error('never')) });
  for (const waitMs of [500, 1000]) {
    await until(() => page.clock.delays().length === 2);
    page.clock.advance(waitMs);
  }
  await notes.heard('subscribed');
  other.unsubscribe();
  assert.deepEqual(notes.events, ['error token', 'error token', 'subscribed']);
  assert.equal(errors.length > 3, true);
});

test('a JWT is renewed on the open WebSocket before it ends', options, async (t) => {
  const { server, open } = await scene(t);
  const tokens = [jwt(100), jwt(200), jwt(200)];
  const { client, page } = open({ transports: ['websocket'], token: () => tokens.shift() });
  const notes = new Notebook(client.subscribe('room'));
  await notes.heard('subscribed');
  await live(server, page, 70_000);
  await until(() => server.commands.some(({ cmd, token }) => cmd === 'auth' && token === jwt(200)));
  assert.equal(server.requests.length, 1);
});
