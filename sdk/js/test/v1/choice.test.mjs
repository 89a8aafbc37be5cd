import assert from 'node:assert/strict';
import test from 'node:test';
import { live, Notebook, options, scene, turns, until } from '../../fake/v1/scene.mjs';
import { Page } from '../../fake/v1/page.mjs';

const ANSWERS_LATE_MS = 5000;

// opened waits for a client to be open, moving the clock through its waits and time limits.
async function opened(server, { client, page }) {
  const notes = new Notebook(client.subscribe('room'));
  while (!notes.events.includes('subscribed')) {
    const asked = server.requests.length;
    await turns(40);
    if (client.state !== 'open' && server.requests.length === asked) {
      page.clock.advance(ANSWERS_LATE_MS);
    }
  }
  await server.subscribed('room');
  return notes;
}

test('the first transport that gets through is taken', options, async (t) => {
  const { server, open } = await scene(t);
  const visitor = open();
  await opened(server, visitor);
  assert.equal(visitor.client.transport, 'websocket');
  assert.deepEqual(server.requests.map(({ path }) => path), ['/ws']);
});

test('what the environment lacks is not tried', options, async (t) => {
  const { server, open } = await scene(t);
  const visitor = open({ env: { WebSocket: undefined } });
  await opened(server, visitor);
  assert.equal(visitor.client.transport, 'sse');
  assert.throws(() => open({ env: { WebSocket: undefined, fetch: undefined } }), /neither WebSocket nor fetch/);
  assert.throws(() => open({ transports: ['pigeon'] }), /there is no transport "pigeon"/);
});

for (const [what, blocked, want, tried] of [
  ['a path that is not there', { '/ws': 404 }, 'sse', ['/ws', '/ws', '/sse']],
  ['a proxy that holds back all but polls', { '/ws': 'hold', '/sse': 'hold', '/stream': 'hold' }, 'poll', ['/ws', '/sse', '/stream', '/poll']],
  ['a proxy that answers neither WebSockets nor event streams', { '/ws': 'hang', '/sse': 'hang' }, 'stream', ['/ws', '/ws', '/sse', '/sse', '/stream']],
  ['a server without event streams', { '/ws': 501, '/sse': 405 }, 'stream', ['/ws', '/ws', '/sse', '/stream']],
]) {
  test(`around ${what} goes ${want}`, options, async (t) => {
    const { server, open } = await scene(t);
    server.blocked = blocked;
    const visitor = open();
    const notes = await opened(server, visitor);
    assert.equal(visitor.client.transport, want);
    assert.deepEqual(server.requests.map(({ path }) => path).slice(0, tried.length), tried);
    server.push('room', 'hi');
    await notes.got(1);
  });
}

test('when nothing gets through the first is tried again after the last', options, async (t) => {
  const { server, open } = await scene(t);
  server.blocked = { '/ws': 404, '/sse': 404, '/stream': 404, '/poll': 404 };
  const { client, page } = open();
  client.subscribe('room');
  while (server.requestsTo('/ws').length < 3) {
    await turns(40);
    page.clock.advance(30_000);
  }
  assert.deepEqual(server.requests.map(({ path }) => path).slice(0, 6), ['/ws', '/ws', '/sse', '/stream', '/poll', '/ws']);
});

test('the good transport is remembered for a while', options, async (t) => {
  const { server, open } = await scene(t);
  server.blocked = { '/ws': 404 };
  const page = new Page();
  const first = open({ page });
  await opened(server, first);
  first.client.close();
  server.requests.length = 0;
  const second = open({ page });
  await opened(server, second);
  second.client.close();
  assert.deepEqual(server.requests.map(({ path }) => path), ['/sse']);
  page.clock.advance(3600_001);
  const third = open({ page });
  await opened(server, third);
  assert.equal(server.requests[1].path, '/ws');
});

test('a better transport is tried again, at ever longer intervals, without losing anything', options, async (t) => {
  const { server, open } = await scene(t);
  server.blocked = { '/ws': 404 };
  const visitor = open();
  const { client, page, errors } = visitor;
  const notes = await opened(server, visitor);
  const before = errors.length;
  await live(server, page, 60_000);
  await server.requested('/ws', 3);
  await until(() => client.state === 'open' && server.requestsTo('/sse').length === 2);
  await server.subscribed('room');
  server.push('room', 'one');
  await notes.got(1);
  assert.equal(errors.length, before, 'a trial is no error');
  await live(server, page, 110_000);
  assert.equal(server.requestsTo('/ws').length, 3);
  server.blocked = {};
  await live(server, page, 10_000);
  await until(() => client.transport === 'websocket');
  await server.subscribed('room');
  server.push('room', 'two');
  await notes.got(2);
  assert.deepEqual(notes.messages, ['one', 'two']);
});

test('a server of another kind is found out', options, async (t) => {
  const { server, open } = await scene(t);
  const answer = (body) => Promise.resolve(new Response(body));
  const { client, errors } = open({
    transports: ['stream', 'poll'],
    env: { fetch: (url) => answer(url.includes('/poll') ? '{"type":"noop"}' : '{"type":"next_seq","seq":1}\n') },
  });
  client.subscribe('room');
  await until(() => errors.length === 2);
  assert.deepEqual(errors, ['protocol', 'protocol']);
  assert.equal(server.requests.length, 0);
});
