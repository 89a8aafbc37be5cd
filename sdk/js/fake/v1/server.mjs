/*
 * A server that speaks version 1 of the protocol over real sockets, in memory. It has no timers: a test says when a
 * noop is due. Its public fields are what a test may change at any time.
 */
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { Channel } from './channel.mjs';
import { openSession } from './sessions.mjs';
import { paramsOf } from './params.mjs';

export class FakeServer extends EventEmitter {
  historyMax = 10;      // messages kept in a channel
  noop = 30;            // seconds, told in hello
  token = null;         // if set, the only token of connections that is let in
  channelTokens = {};   // by channel, the only token let in
  refuseChannel = {};   // by channel, an error code
  blocked = {};         // by path: 'hold' (head but no body), 'hang', or a status
  headers = {};         // added to answers with a blocked status
  requests = [];        // {path, method, query} of every request so far
  sessions = new Set(); // open ones
  commands = [];        // every command so far
  mute = false;         // take commands and do nothing
  sockets = new Set();

  #channels = new Map();
  #http = http.createServer((request, response) => this.#serve(request, response));

  async listen() {
    this.#http.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => this.#serve(request, socket, head));
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.origin = `http://127.0.0.1:${this.#http.address().port}`;
    return this;
  }

  async close() {
    this.cut();
    this.#http.close();
    await once(this.#http, 'close');
  }

  // ---- what a publisher and an operator do

  channel(name) {
    if (!this.#channels.has(name)) {
      this.#channels.set(name, new Channel(name, this.historyMax));
    }
    return this.#channels.get(name);
  }

  push(name, content, more = {}) {
    return this.channel(name).publish({ ...more, content });
  }

  noops() {
    this.sessions.forEach((session) => session.noop());
  }

  closeChannel(name) {
    const channel = this.channel(name);
    this.#channels.delete(name);
    channel.subscriptions.forEach((subscription) => subscription.end());
  }

  // cut breaks every connection, as a bad network does; restart also forgets all channels.
  cut() {
    this.sockets.forEach((socket) => socket.destroy());
  }

  restart() {
    this.#channels.clear();
    this.sessions.clear();
    this.cut();
  }

  // sendRaw gives every open connection a message of the test's own making.
  sendRaw(message) {
    this.sessions.forEach((session) => session.send(message));
  }

  // subscribed resolves once the channel has count subscriptions.
  async subscribed(name, count = 1) {
    while (this.channel(name).subscriptions.size < count) {
      await once(this, 'change');
    }
  }

  async unsubscribed(name) {
    while (this.channel(name).subscriptions.size > 0) {
      await once(this, 'change');
    }
  }

  async requested(path, count = 1) {
    while (this.requestsTo(path).length < count) {
      await once(this, 'change');
    }
  }

  requestsTo(path) {
    return this.requests.filter((request) => request.path === path);
  }

  // ---- the wire

  async #serve(request, response, head) {
    const { pathname, search } = new URL(request.url, this.origin);
    const query = request.method === 'POST' ? Buffer.concat(await request.toArray()).toString() : search.slice(1);
    this.requests.push({ path: pathname, method: request.method, query });
    this.emit('change');
    const block = this.blocked[pathname];
    if (typeof block === 'number') {
      refuse(response, block, this.headers);
      return;
    }
    if (block === 'hang') {
      return;
    }
    openSession(this, pathname, request, response, paramsOf(query), head, block === 'hold');
  }
}

function refuse(response, status, headers) {
  if (response instanceof http.ServerResponse) {
    response.writeHead(status, headers).end();
  } else {
    response.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`);
  }
}
