'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { scene, until, KINDS } = require('../fake/scene.js');

const options = { timeout: 20000 };
const PATHS = { sse: '/sse', fetch: '/sub', jsonp: '/sub' };
const ODD_NAME = 'a b&c=d/ü%41#?+"<>\u{1f600}';
const ODD_TEXT = 'quote " back\\slash <b>&amp;</b> \u2028 \u{1f600} \n\t\u0001 end';

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: delivers in order, live messages only`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.push('room', 'before');
    const listener = listen({}, kind);
    await server.subscribed('room');
    await listener.reached('open');
    await server.subscribed('room', kind === 'sse' ? 0 : 2);
    for (let i = 0; i < 20; i++) {
      server.push('room', `m${i}`);
      await listener.got(`m${i}`);
    }
    assert.deepEqual(listener.messages, Array.from({ length: 20 }, (_, i) => `m${i}`));
    assert.deepEqual(new Set(listener.types), new Set(['data']));
    assert.equal(listener.comet.data_seq, 22);
    assert.equal(server.requests[0].path, PATHS[kind]);
    assert.equal('cb' in server.requests[0].params, kind === 'jsonp');
    assert.equal(server.requests[0].params.callback, server.requests[0].params.cb);
    assert.deepEqual(listener.lost, []);
  });

  test(`${kind}: an array answer is delivered whole and the polling goes on`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await listener.reached('open');
    server.push('room', 'one');
    await listener.got('one');
    listener.comet.stop();
    ['two', 'three', 'four'].forEach((text) => server.push('room', text));
    listener.comet.start();
    await listener.got('four');
    await server.subscribed('room', kind === 'sse' ? 2 : 5);
    server.push('room', 'five');
    await listener.got('five');
    assert.deepEqual(listener.messages, ['one', 'two', 'three', 'four', 'five']);
  });

  test(`${kind}: a broadcast is delivered with its type and does not end the subscription`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await server.subscribed('room', kind === 'sse' ? 0 : 1);
    server.push('room', 'all', 'broadcast');
    await listener.got('all');
    await server.subscribed('room', kind === 'sse' ? 0 : 2);
    server.push('room', 'some');
    await listener.got('some');
    assert.deepEqual(listener.types, ['broadcast', 'data']);
  });

  test(`${kind}: any characters survive in channel, token and content`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.auth = true;
    const listener = listen({ channel: ODD_NAME, signUrl: `${server.origin}/sign` }, kind);
    await listener.reached('open');
    await server.subscribed(ODD_NAME);
    server.push(ODD_NAME, ODD_TEXT);
    await listener.got(ODD_TEXT);
    assert.equal(listener.comet.channel, ODD_NAME);
    assert.equal(listener.comet.cname, ODD_NAME);
    assert.deepEqual(listener.errors, []);
  });

  test(`${kind}: signs first and uses what the answer says`, options, async (t) => {
    const { server, listen } = await scene(t);
    server.auth = true;
    server.pollingTimeout = 7;
    const listener = listen({ signUrl: `${server.origin}/sign?app=1` }, kind);
    await server.subscribed('room');
    assert.equal(listener.comet.sub_timeout, 7 * 1.3 * 1000);
    assert.equal(server.requests[0].path, '/sign');
    assert.equal(server.requests[0].params.app, '1');
    assert.equal(server.requests[1].params.token, server.tokenOf('room'));
    assert.deepEqual(listener.page.clock.delays(), [9100]);
  });

  test(`${kind}: noops are counted and keep the watchdog quiet`, options, async (t) => {
    const { server, listen } = await scene(t);
    const listener = listen({}, kind);
    await listener.reached('open');
    for (let i = 1; i <= 3; i++) {
      await server.subscribed('room');
      listener.page.clock.advance(50000);
      server.noop('room');
      await until(() => listener.comet.noop_seq === i);
    }
    await server.subscribed('room');
    assert.deepEqual(listener.errors, []);
    if (kind !== 'sse') {
      assert.deepEqual(server.requests.map((request) => request.params.noop), ['0', '0', '1', '2', '3']);
    }
  });
}
