'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { scene, until, KINDS } = require('../fake/scene.js');

const options = { timeout: 30000 };

// random is a small generator (mulberry32), so that a failing run can be repeated from its seed.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: what was published while the connection was lost comes afterwards, once`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await server.subscribed('room', kind === 'sse' ? 0 : 1);
    server.push('room', 'one');
    await listener.got('one');
    await server.subscribed('room');
    server.cut();
    await listener.reached('waiting');
    server.push('room', 'two');
    server.push('room', 'three');
    listener.page.clock.advance(750);
    await listener.got('three');
    assert.deepEqual(listener.messages, ['one', 'two', 'three']);
    assert.deepEqual(listener.lost, []);
    assert.deepEqual(listener.errors.map((error) => error.type), ['connection']);
  });

  test(`${kind}: nothing is lost, doubled or reordered over many cuts`, options, async (t) => {
    const { server, listen } = await scene(t);
    const seed = Number(process.env.SEED) || Math.floor(Math.random() * 1e9);
    t.diagnostic(`SEED=${seed}`);
    const next = random(seed);
    server.bufferSize = 1000;
    const listener = listen({}, kind);
    await server.subscribed('room');
    await until(() => listener.comet.data_seq === 1);
    const sent = [];
    for (let i = 0; i < 400; i++) {
      sent.push(`m${i}`);
      server.push('room', `m${i}`);
      if (next() < 0.25) {
        server.cut();
      }
      if (next() < 0.5) {
        await new Promise(setImmediate);
      }
      if (listener.comet.state === 'waiting') {
        listener.page.clock.advance(30000);
      }
    }
    await until(() => {
      if (listener.comet.state === 'waiting') {
        listener.page.clock.advance(30000);
      }
      return listener.messages.length >= sent.length;
    });
    assert.deepEqual(listener.messages, sent);
    assert.deepEqual(listener.lost, []);
    assert.ok(listener.errors.length > 0, 'no connection was cut');
  });

  test(`${kind}: after a restart of the server the new messages are all delivered`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await server.subscribed('room');
    for (const text of ['a', 'b', 'c', 'd']) {
      server.push('room', text);
      await listener.got(text);
      await server.subscribed('room');
    }
    server.restart();
    await listener.reached('waiting');
    server.push('room', 'e');
    server.push('room', 'f');
    listener.page.clock.advance(750);
    await listener.got('f');
    assert.deepEqual(listener.messages, ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(listener.lost, [{ reason: 'restart', from: 5 }]);
  });
}

for (const seq of [0, 1]) {
  test(`a message with seq ${seq} after higher ones means a restart and is delivered`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen();
    server.startAt('room', 7);
    await server.subscribed('room');
    server.push('room', 'seven');
    await listener.got('seven');
    server.sendRaw('room', [`{"type":"data","cname":"room","seq":${seq},"content":"first"}`]);
    await listener.got('first');
    assert.equal(listener.comet.data_seq, seq + 1);
    assert.deepEqual(listener.lost, [{ reason: 'restart', from: 8 }]);
  });
}

test('an older message is dropped', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  server.startAt('room', 7);
  await server.subscribed('room');
  server.push('room', 'seven');
  server.sendRaw('room', ['{"type":"data","cname":"room","seq":5,"content":"five"}']);
  server.push('room', 'eight');
  await listener.got('eight');
  assert.deepEqual(listener.messages, ['seven', 'eight']);
  assert.deepEqual(listener.lost, []);
});

test('a gap is reported with its range and the message behind it delivered', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  await server.subscribed('room');
  server.push('room', 'one');
  await listener.got('one');
  server.startAt('room', 5);
  server.push('room', 'five');
  await listener.got('five');
  assert.deepEqual(listener.lost, [{ reason: 'gap', from: 2, to: 4 }]);
});

test('a next_seq that jumps ahead is a gap, and is where the client goes on', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen({}, 'fetch');
  await server.subscribed('room', 1);
  server.startAt('room', 9);
  server.sendRaw('room', ['{"type":"next_seq","cname":"room","seq":9,"content":""}']);
  await server.subscribed('room', 9);
  server.push('room', 'nine');
  await listener.got('nine');
  assert.deepEqual(listener.lost, [{ reason: 'gap', from: 1, to: 8 }]);
});

test('numbers wrap around after 2147483647', options, async (t) => {
  const { server, listen } = await scene(t);
  server.startAt('room', 2147483646);
  const listener = listen({}, 'fetch');
  for (const text of ['a', 'b', 'c', 'd']) {
    await server.subscribed('room');
    await until(() => listener.comet.state === 'open');
    server.push('room', text);
    await listener.got(text);
  }
  assert.equal(listener.comet.data_seq, -2147483646);
  assert.deepEqual(server.requests.slice(1, 5).map((request) => request.params.seq),
    ['2147483646', '2147483647', '-2147483648', '-2147483647']);
  assert.deepEqual(listener.lost, []);
});

test('a malformed event is skipped and shows as a gap', options, async (t) => {
  const { server, listen } = await scene(t);
  const listener = listen();
  await server.subscribed('room');
  server.push('room', 'one');
  server.sendRaw('room', ['{"type":"data","seq":2,"content":"broken']);
  server.startAt('room', 3);
  server.push('room', 'three');
  await listener.got('three');
  assert.deepEqual(listener.messages, ['one', 'three']);
  assert.deepEqual(listener.lost, [{ reason: 'gap', from: 2, to: 2 }]);
});

test('history: the client begins with the messages that the sign offers', options, async (t) => {
  const { server, listen } = await scene(t);
  server.startAt('room', 40);
  ['a', 'b', 'c'].forEach((text) => server.push('room', text));
  const listener = listen({ history: true, signUrl: `${server.origin}/sign` });
  await listener.got('c');
  listener.comet.stop();
  listener.comet.start(); // signs again, but what is known is not asked for again
  await server.subscribed('room', 43);
  server.push('room', 'd');
  await listener.got('d');
  assert.deepEqual(listener.messages, ['a', 'b', 'c', 'd']);
  assert.deepEqual(listener.lost, []);
});

test('history: without a sign it begins with the oldest message that is kept', options, async (t) => {
  const { server, listen } = await scene(t);
  server.bufferSize = 2;
  ['a', 'b', 'c'].forEach((text) => server.push('room', text));
  const listener = listen({ history: true }, 'fetch');
  await listener.got('c');
  assert.deepEqual(listener.messages, ['b', 'c']);
  assert.deepEqual(listener.lost, []);
});
