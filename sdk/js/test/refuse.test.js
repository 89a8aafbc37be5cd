'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { scene, until, KINDS } = require('../fake/scene.js');

const options = { timeout: 20000 };

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: 429 is reported and tried again after 5 to 10 s`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.subscribersMax = 0;
    const listener = listen({}, kind);
    await listener.failed('429');
    assert.deepEqual(listener.page.clock.delays(), [7500]);
    server.subscribersMax = 1;
    listener.page.clock.advance(7500);
    await server.subscribed('room');
    server.push('room', 'in');
    await listener.got('in');
    assert.deepEqual(listener.errors, [{ type: '429', content: 'Too many subscribers' }]);
  });

  test(`${kind}: 401 without a signUrl is reported and final`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.auth = true;
    const listener = listen({}, kind);
    await listener.failed('401');
    assert.equal(listener.errors[0].content, 'Token error');
    assert.equal(listener.comet.state, 'stopped');
    assert.equal(listener.comet.stopped, true);
    assert.deepEqual(listener.page.clock.delays(), []);
  });

  test(`${kind}: 401 with a signUrl leads to a new sign and the rest of the messages`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.auth = true;
    const listener = listen({ signUrl: `${server.origin}/sign` }, kind);
    await server.subscribed('room');
    server.push('room', 'one');
    await listener.got('one');
    await server.subscribed('room', kind === 'sse' ? 0 : 2);
    server.restart();
    await listener.reached('waiting');
    server.push('room', 'two');
    server.push('room', 'three');
    listener.page.clock.advance(750);
    await listener.failed('401');
    assert.equal(listener.comet.state, 'waiting');
    listener.page.clock.advance(1500);
    await listener.got('three');
    assert.deepEqual(listener.messages, ['one', 'two', 'three']);
    assert.equal(listener.comet.token, server.tokenOf('room'));
    assert.deepEqual(listener.lost, [{ reason: 'restart', from: 2 }]);
  });

  test(`${kind}: close is reported; the client comes back for the channel's next life`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await server.subscribed('room');
    server.push('room', 'old');
    await listener.got('old');
    await server.subscribed('room');
    server.closeChannel('room');
    await listener.failed('close');
    assert.deepEqual(listener.page.clock.delays(), [7500]);
    server.push('room', 'new 1');
    server.push('room', 'new 2');
    listener.page.clock.advance(7500);
    await listener.got('new 2');
    assert.deepEqual(listener.messages, ['old', 'new 1', 'new 2']);
    assert.deepEqual(listener.lost, []);
  });

  test(`${kind}: silence beyond the watchdog means a new sign and a new connection`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({ signUrl: `${server.origin}/sign` }, kind);
    await server.subscribed('room', kind === 'sse' ? 0 : 1);
    await until(() => listener.comet.data_seq === 1);
    await until(() => server.requestsTo('/sign').length === 1);
    listener.page.clock.advance(38999);
    assert.equal(listener.comet.state, 'open');
    listener.page.clock.advance(1);
    assert.equal(listener.errors.at(-1).type, 'timeout');
    listener.page.clock.advance(750);
    await until(() => server.requestsTo('/sign').length === 2);
    await server.subscribed('room', 1);
    server.push('room', 'still here');
    await listener.got('still here');
  });
}

test('the back-off doubles up to 30 s, keeps its jitter, and starts anew after a success', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 503;
  const listener = listen({}, 'fetch');
  const delays = [];
  for (let i = 0; i < 7; i++) {
    await listener.reached('waiting');
    delays.push(...listener.page.clock.delays());
    server.refuseStatus = i === 6 ? 0 : 503;
    listener.page.clock.advance(30000);
  }
  assert.deepEqual(delays, [750, 1500, 3000, 6000, 12000, 22500, 22500]);
  assert.equal(listener.errors[0].type, '503');
  await server.subscribed('room');
  server.cut();
  await listener.reached('waiting');
  assert.deepEqual(listener.page.clock.delays(), [750]);
});

test('a sign refused by HTTP 429 is tried again after 5 to 10 s', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 429;
  const listener = listen({ signUrl: `${server.origin}/sign` });
  await listener.failed('429');
  assert.deepEqual(listener.page.clock.delays(), [7500]);
  server.refuseStatus = 0;
  listener.page.clock.advance(7500);
  await server.subscribed('room');
});

test('an answer that is not understood is a failure, not a busy loop', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen({}, 'fetch');
  await server.subscribed('room', 1);
  server.sendRaw('room', ['{"type":"surprise"}']);
  await listener.failed('protocol');
  assert.deepEqual(listener.page.clock.delays(), [750]);
});

test('an event stream that is refused twice is replaced by long polling', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 404;
  server.refusePath = '/sse';
  const listener = listen();
  await listener.reached('waiting');
  listener.page.clock.advance(30000);
  await once(listener, 'news');
  await listener.reached('waiting');
  listener.page.clock.advance(30000);
  await server.subscribed('room', 1);
  server.push('room', 'polled');
  await listener.got('polled');
  assert.equal(listener.comet.transport, 'poll');
  assert.equal(server.requestsTo('/sse').length, 2);
});

test('an event stream that opens but brings nothing twice is replaced by long polling', options, async (t) => {
  const { server, listen } = await scene(t);
  server.silent = true;
  const listener = listen();
  for (const delay of [750, 1500]) {
    await listener.reached('open');
    listener.page.clock.advance(60000);
    assert.deepEqual(listener.page.clock.delays(), [delay]);
    listener.page.clock.advance(delay);
  }
  await server.subscribed('room', 1);
  server.push('room', 'polled');
  await listener.got('polled');
  assert.equal(listener.comet.transport, 'poll');
});

test('a sign that hangs is given up by the watchdog, and not held against event streams', options, async (t) => {
  const { server, listen } = await scene(t);
  server.hangPath = '/sign';
  const listener = listen({ signUrl: `${server.origin}/sign` });
  for (const delay of [750, 1500, 3000]) {
    listener.page.clock.advance(60000);
    assert.deepEqual(listener.page.clock.delays(), [delay]);
    listener.page.clock.advance(delay);
    assert.equal(listener.comet.transport, 'sse');
  }
  assert.deepEqual(listener.errors.map((error) => error.type), ['timeout', 'timeout', 'timeout']);
});

test('event streams that bring something now and then stay in use', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  for (const spoken of [true, true, false, true, false]) {
    await server.subscribed('room', listener.comet.data_seq);
    await listener.reached('open');
    if (spoken) {
      server.push('room', `to ${listener.states.length}`);
      await listener.got(`to ${listener.states.length}`);
    }
    listener.page.clock.advance(60000);
    assert.equal(listener.comet.state, 'waiting');
    listener.page.clock.advance(listener.page.clock.delays()[0]);
    assert.equal(listener.comet.transport, 'sse');
  }
});

test('event streams get another chance when polling fails too', options, async (t) => {
  const { server, listen } = await scene(t);
  server.refuseStatus = 502;
  const listener = listen();
  for (let i = 0; i < 3; i++) {
    await until(() => listener.errors.length === i + 1);
    server.refuseStatus = i === 2 ? 0 : 502;
    listener.page.clock.advance(30000);
  }
  await listener.reached('open');
  assert.equal(listener.comet.transport, 'sse');
  assert.deepEqual(server.requests.map((request) => request.path), ['/sse', '/sse', '/sub', '/sse']);
});
