/*
 * What every test of the client starts with: a server, pages with clients, and the check that they leave nothing.
 */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { Page } from './page.mjs';
import { FakeServer } from './server.mjs';
import { FakeWebSocket } from './websocket.mjs';

export const KINDS = ['websocket', 'sse', 'stream', 'poll'];
export const options = { timeout: 30_000 };

const NEVER_MS = 20_000;

// until resolves once isSo() holds, for what no event tells.
export async function until(isSo) {
  const deadline = performance.now() + NEVER_MS;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, `never: ${isSo}`);
    await new Promise(setImmediate);
  }
}

// turns lets everything happen that needs no clock and no news.
export async function turns(count = 20) {
  for (let i = 0; i < count; i++) {
    await new Promise(setImmediate);
  }
}

// live lets time pass with the server's heartbeats in it.
export async function live(server, page, ms) {
  for (let left = ms; left > 0; left -= 20_000) {
    page.clock.advance(Math.min(left, 20_000));
    server.noops();
    await turns();
  }
}

// generator is mulberry32, so that a failing run can be repeated from its seed.
export function generator(t) {
  let seed = Number(process.env.SEED) || Math.floor(Math.random() * 1e9);
  t.diagnostic(`SEED=${seed}`);
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// Notebook writes down all that a subscription says.
export class Notebook {
  messages = []; // contents
  gaps = [];
  events = [];   // "name detail" of everything else

  constructor(subscription) {
    this.subscription = subscription;
    subscription.on('message', (message) => this.messages.push(message.content ?? message.data ?? message.bytes));
    subscription.on('gap', (gap) => this.gaps.push(`${gap.reason} ${gap.from}-${gap.to}`));
    subscription.on('subscribed', () => this.events.push('subscribed'));
    subscription.on('error', (error) => this.events.push(`error ${error.code}`));
    subscription.on('close', ({ reason }) => this.events.push(`close ${reason}`));
    subscription.on('join', ({ client }) => this.events.push(`join ${client}`));
    subscription.on('leave', ({ client }) => this.events.push(`leave ${client}`));
  }

  async got(count) {
    await until(() => this.messages.length >= count);
  }

  async heard(event) {
    await until(() => this.events.includes(event));
  }
}

export async function scene(t) {
  const server = await new FakeServer().listen();
  const opened = [];
  t.after(async () => {
    opened.forEach(({ client }) => client.close());
    await until(() => server.sessions.size === 0 && FakeWebSocket.live.size === 0);
    await server.close();
    for (const { page } of opened) {
      assert.deepEqual(page.leftovers(), { timers: 0, listeners: 0 });
    }
  });

  // open makes a client in a page; it is {client, page, states, errors}. isDeaf: nobody listens to errors.
  const open = ({ page = new Page(), env = {}, isDeaf = false, ...more } = {}) => {
    const client = new Client(server.origin, { gatherMs: 0, env: page.env(env), ...more });
    const visitor = { client, page, states: [], errors: [] };
    client.on('state', (state) => visitor.states.push(state));
    if (!isDeaf) {
      client.on('error', (error) => visitor.errors.push(error.code));
    }
    opened.push(visitor);
    return visitor;
  };

  // follow opens a client on one kind of transport and subscribes it; it is a visitor with notes.
  const follow = async (kind, channel = 'room', more = {}) => {
    const visitor = open({ transports: [kind], ...more.client });
    visitor.subscription = visitor.client.subscribe(channel, more.subscription);
    visitor.notes = new Notebook(visitor.subscription);
    await visitor.notes.heard('subscribed');
    return visitor;
  };
  const adopt = (client, page) => opened.push({ client, page });
  return { server, open, follow, adopt };
}
