'use strict';
/*
 * What every test starts with: a server, a page of the wanted kind, a listener; and their end after the test.
 */
const assert = require('node:assert/strict');
const { FakeServer } = require('./server.js');
const { openPage } = require('./browser.js');
const { Listener } = require('./listener.js');

// KINDS are the ways in which a page may subscribe.
const KINDS = {
  sse: {},
  fetch: { without: ['EventSource'] },
  jsonp: { without: ['EventSource'], origin: 'http://page.example' },
};

// scene starts a server and returns it with listen(options, kind), which starts a client on channel room.
// After the test t everything is stopped, and nothing of it may be left in the pages.
async function scene(t) {
  const server = await new FakeServer().listen();
  const opened = [];
  t.after(async () => {
    opened.forEach((listener) => listener.comet.stop());
    await server.close();
    for (const { page } of opened) {
      assert.deepEqual(page.clock.delays(), [], 'a timer is left');
      assert.equal(page.listeners.size, 0, 'an event listener is left');
      assert.equal(page.window.EventSource?.live.size ?? 0, 0, 'an event stream is left');
    }
  });
  const listen = (options = {}, kind = 'sse') => {
    const page = openPage({ origin: server.origin, ...KINDS[kind] });
    const listener = new Listener(page, { channel: 'room', subUrl: `${server.origin}/sub`, ...options });
    listener.page = page;
    opened.push(listener);
    return listener;
  };
  return { server, listen };
}

// until resolves once isSo() holds, for what no event tells.
async function until(isSo) {
  while (!isSo()) {
    await new Promise(setImmediate);
  }
}

module.exports = { scene, until, KINDS };
