'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { once } = require('node:events');
const { scene, until } = require('../fake/scene.js');

const options = { timeout: 20000 };

for (const kind of ['sse', 'fetch']) {
  test(`${kind}: stop ends everything; start goes on from there`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await server.subscribed('room', kind === 'sse' ? 0 : 1);
    server.push('room', 'one');
    await listener.got('one');
    const { response } = await server.subscribed('room');
    listener.comet.stop();
    await once(response, 'close');
    assert.equal(listener.comet.stopped, true);
    assert.deepEqual(listener.page.clock.delays(), []);
    server.push('room', 'two');
    assert.deepEqual(listener.messages, ['one']);
    listener.comet.start();
    await listener.got('two');
    assert.deepEqual(listener.messages, ['one', 'two']);
  });
}

test('start does nothing when the client runs', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  await listener.reached('open');
  const before = [...listener.page.window.EventSource.live];
  listener.comet.start();
  assert.deepEqual([...listener.page.window.EventSource.live], before);
  assert.equal(before.length, 1);
});

test('stop in the middle of an array leaves the rest for the next start', options, async (t) => {
  const { server, listen } = await scene(t);
  ['one', 'two', 'three'].forEach((text) => server.push('room', text));
  const messages = [];
  const listener = listen({
    history: true,
    callback(content) {
      messages.push(content);
      listener.comet.stop();
    },
  }, 'fetch');
  for (let i = 1; i <= 3; i++) {
    await until(() => messages.length === i);
    listener.comet.start();
  }
  assert.deepEqual(messages, ['one', 'two', 'three']);
});

test('a callback that throws does not end the subscription', options, async (t) => {
  const { server, listen } = await scene(t);
  const messages = [];
  const listener = listen({
    callback(content) {
      messages.push(content);
      throw new Error(content);
    },
  });
  await server.subscribed('room');
  server.push('room', 'one');
  server.push('room', 'two');
  await until(() => messages.length === 2);
  assert.deepEqual(listener.page.window.console.errors.map((error) => error.message), ['one', 'two']);
});

test('states are told with the transport', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  await listener.reached('open');
  server.cut();
  await listener.reached('waiting');
  listener.comet.stop();
  assert.deepEqual(listener.states, ['connecting sse', 'open sse', 'waiting sse', 'stopped sse']);
});

test('the network coming back ends the wait at once', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 503;
  const listener = listen();
  await listener.reached('waiting');
  server.refuseStatus = 0;
  listener.page.listeners.get('online')();
  await listener.reached('open');
  assert.equal(server.requests.length, 2);
});

test('long polling is used when asked for, and for an address that is not /sub', options, async (t) => {
  const { server, listen } = await scene(t);
  const asked = listen({ transport: 'poll' });
  const other = listen({ subUrl: `${server.origin}/poll` });
  await server.subscribed('room');
  await other.reached('waiting');
  assert.equal(asked.comet.transport, 'poll');
  assert.equal(other.comet.transport, 'poll');
  assert.deepEqual(server.requestsTo('/sse'), []);
});

test('the original names of options work, and a query in an address is kept', options, async (t) => {
  const { server, listen } = await scene(t);
  const messages = [];
  const listener = listen({
    subUrl: undefined,
    sub_url: `${server.origin}/sub?app=1`,
    sign_url: `${server.origin}/sign`,
    callback: undefined,
    sub_callback: (content) => messages.push(content),
  });
  await server.subscribed('room');
  server.push('room', 'hi');
  await until(() => messages.length === 1);
  assert.equal(listener.page.window.EventSource.live.size, 1);
  assert.equal(server.requestsTo('/sse')[0].params.app, '1');
  assert.equal(server.requestsTo('/sign').length, 1);
});

test('JSONP leaves no function and no script behind', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen({}, 'jsonp');
  await server.subscribed('room', 1);
  server.push('room', 'one');
  await listener.got('one');
  await server.subscribed('room', 2);
  const { window } = listener.page;
  listener.comet.stop();
  server.noop('room');
  await until(() => window.document.head.scripts.size === 0);
  assert.deepEqual(Object.keys(window).filter((name) => name.startsWith('icomet_cb_')), []);
  assert.equal(listener.comet.noop_seq, 0);
});

test('pub sends any text by GET, POST or JSONP and gives the answer', options, async (t) => {
  const { server, listen } = await scene(t);
  const text = 'a&b=c +%41 \u{1f600} ü "\\';
  for (const [pubUrl, pubMethod, kind] of [['/push', 'GET', 'sse'], ['/push', 'POST', 'sse'], ['/push?cb=?', 'GET', 'jsonp']]) {
    const listener = listen({ pubUrl: server.origin + pubUrl, pubMethod }, kind);
    const reply = await new Promise((resolve) => assert.equal(listener.comet.pub(text, resolve), true));
    const { params, method } = server.requestsTo('/push').at(-1);
    assert.equal(reply.type, 'ok');
    assert.equal(method, pubMethod);
    assert.equal(params.cname, 'room');
    assert.equal(params.content, text);
  }
});

test('pub replaces half a surrogate pair instead of failing', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen({ pubUrl: `${server.origin}/push` });
  await new Promise((resolve) => listener.comet.pub('x\ud83d', resolve));
  assert.equal(server.requestsTo('/push')[0].params.content, 'x\ufffd');
});

test('a failed pub goes to its own handler, or to onError', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 429;
  server.refusePath = '/push';
  const listener = listen({ pubUrl: `${server.origin}/push` });
  const unexpected = () => assert.fail('callback of a failed pub');
  const error = await new Promise((resolve) => listener.comet.pub('x', unexpected, resolve));
  assert.equal(error.type, '429');
  assert.deepEqual(listener.errors, []);
  listener.comet.pub('x', unexpected);
  await listener.failed('429');
});

test('pub refuses what is not a string, and needs a pubUrl', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen({ pubUrl: `${server.origin}/push` });
  assert.equal(listener.comet.pub({ a: 1 }), false);
  assert.equal(listen().comet.pub('x'), false);
  await server.subscribed('room');
  assert.deepEqual(server.requestsTo('/push'), []);
});

test('requiring the script gives the constructor and leaves no global', options, () => {
  const source = JSON.stringify(path.join(__dirname, '..', 'icomet.js'));
  const code = `console.log(require(${source}).name, typeof globalThis.iComet)`;
  assert.equal(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }), 'iComet undefined\n');
});
