import assert from 'node:assert/strict';
import test from 'node:test';
import { iComet } from '../../src/index.js';
import { Page } from '../../fake/v1/page.mjs';
import { options, scene, until } from '../../fake/v1/scene.mjs';

// listener starts an iComet in a page and notes what it says.
function listener({ server, adopt }, config = {}, env = {}) {
  const page = new Page();
  const said = { page, messages: [], states: [], lost: [], errors: [] };
  said.comet = new iComet({
    channel: 'room',
    subUrl: `${server.origin}/sub`,
    callback: (content, type) => said.messages.push(`${type} ${content}`),
    onState: (state, transport) => said.states.push(`${state} ${transport}`),
    onLost: (lost) => said.lost.push(lost),
    onError: (error) => said.errors.push(error),
    options: { gatherMs: 0, env: page.env(env) },
    ...config,
  });
  adopt({ close: () => said.comet.stop() }, page);
  return said;
}

test('iComet: callback, states, stop, and start from where it left off', options, async (t) => {
  const stage = await scene(t);
  const { server } = stage;
  const { comet, messages, states } = listener(stage);
  await server.subscribed('room');
  server.push('room', 'one');
  server.channel('room').publish({ content: 'two' }, 'broadcast');
  await until(() => messages.length === 2);
  comet.stop();
  await server.unsubscribed('room');
  server.push('room', 'three');
  comet.start();
  comet.start();
  await until(() => messages.length === 3);
  assert.deepEqual(messages, ['data one', 'broadcast two', 'data three']);
  assert.deepEqual(states, ['connecting websocket', 'open websocket', 'stopped ', 'connecting websocket', 'open websocket']);
  assert.deepEqual([comet.channel, comet.cname, comet.stopped], ['room', 'room', false]);
});

test('iComet: history, losses, and the next life of a channel that was closed', options, async (t) => {
  const stage = await scene(t);
  const { server } = stage;
  server.historyMax = 2;
  ['a', 'b', 'c'].forEach((text) => server.push('room', text));
  const { page, messages, errors, lost } = listener(stage, { history: true });
  await until(() => messages.length === 2);
  server.closeChannel('room');
  await until(() => errors.length === 1);
  assert.equal(errors[0].type, 'close');
  server.push('room', 'new');
  page.clock.advance(7500);
  await until(() => messages.length === 3);
  assert.deepEqual(messages, ['data b', 'data c', 'data new']);
  assert.deepEqual(lost, [{ reason: 'restart', from: 1, to: 0 }]);
});

test('iComet: the token is that of the sign', options, async (t) => {
  const stage = await scene(t);
  const { server } = stage;
  server.channelTokens = { room: 'signed' };
  const asked = [];
  const sign = (url, init) => {
    if (!String(url).includes('/sign')) {
      return fetch(url, init);
    }
    asked.push(String(url));
    return Promise.resolve(asked.length === 1 ? new Response('', { status: 500 }) : Response.json({ token: 'signed' }));
  };
  const { page, errors } = listener(stage, { signUrl: 'http://app.example/sign?app=1' }, { fetch: sign });
  await until(() => errors.length === 1);
  assert.equal(errors[0].type, 'token');
  page.clock.advance(500);
  await server.subscribed('room');
  assert.equal(asked[1], 'http://app.example/sign?app=1&cname=room');
});

test('iComet: pub goes to pubUrl, or else over the WebSocket', options, async (t) => {
  const stage = await scene(t);
  const { server } = stage;
  const { comet, messages } = listener(stage);
  assert.equal(comet.pub({}), false);
  const reply = await new Promise((resolve) => assert.equal(comet.pub('hi', resolve), true));
  assert.deepEqual([reply.type, reply.seq], ['ok', 1]);
  await server.subscribed('room');
  await until(() => messages.length === 1);
  comet.stop();
  const late = await new Promise((resolve) => comet.pub('late', assert.fail, resolve));
  assert.equal(late.type, 'closed');

  const posts = [];
  const post = (url, init) => {
    posts.push([String(url), String(init.body)]);
    return Promise.resolve(posts.length === 1 ? Response.json({ type: 'ok' }) : new Response('', { status: 429 }));
  };
  const other = listener(stage, { pubUrl: 'http://app.example/push' }, { fetch: post });
  assert.deepEqual(await new Promise((resolve) => other.comet.pub('a&b', resolve)), { type: 'ok' });
  assert.deepEqual(posts, [['http://app.example/push', 'cname=room&content=a%26b']]);
  other.comet.pub('again');
  await until(() => other.errors.length === 1);
  assert.equal(other.errors[0].type, '429');
});
