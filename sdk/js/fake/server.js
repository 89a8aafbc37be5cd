'use strict';
/*
 * A small icomet server for the tests: /sign, /sub, /sse and /push of the wire protocol on one port, in memory.
 * It has no timers: a test says when a noop is due. It checks nothing about limits beyond what a test sets.
 */
const { createHash } = require('node:crypto');
const http = require('node:http');
const { EventEmitter, once } = require('node:events');

class Channel {
  constructor(name, life) {
    this.name = name;
    this.token = createHash('md5').update(`${name} ${life}`).digest('hex');
    this.next = 1;
    this.buffer = [];
    this.subscribers = new Set();
  }

  envelope(type, seq, content) {
    return JSON.stringify({ type, cname: this.name, seq, content });
  }

  replayFrom(seq) {
    return this.buffer.filter((kept) => kept.seq >= seq).flatMap((kept) => kept.frames);
  }
}

class FakeServer extends EventEmitter {
  // Options are public fields; a test changes them at any time.
  auth = false;           // check tokens of subscribers
  bufferSize = 10;        // messages kept in a channel
  subscribersMax = 100;   // of one channel; above it is answered with 429
  pollingTimeout = 30;    // seconds, told in /sign
  refuseStatus = 0;       // if not 0, the HTTP status of every answer
  refusePath = '';        // limits refuseStatus to one path
  silent = false;         // accept event streams but send nothing, as a buffering proxy does
  hangPath = '';          // requests to this path are never answered
  requests = [];          // {path, params, method} of every request so far

  #channels = new Map();
  #life = 0;
  #http = http.createServer((request, response) => this.#serve(request, response));

  async listen() {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.origin = `http://127.0.0.1:${this.#http.address().port}`;
    return this;
  }

  async close() {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  // ---- what a publisher and an operator do

  push(name, content, type = 'data') {
    const channel = this.#channel(name);
    const seq = channel.next;
    channel.next = (channel.next + 1) | 0;
    const frames = [channel.envelope(type, seq, content)];
    if (type === 'broadcast') {
      frames.push(channel.envelope('next_seq', channel.next, ''));
    }
    channel.buffer.push({ seq, frames });
    channel.buffer.splice(0, Math.max(0, channel.buffer.length - this.bufferSize));
    this.#deliver(channel, frames);
  }

  noop(name) {
    const channel = this.#channel(name);
    for (const subscriber of [...channel.subscribers]) {
      subscriber.send([channel.envelope('noop', subscriber.noop++, '')]);
    }
  }

  closeChannel(name) {
    const channel = this.#channel(name);
    this.#channels.delete(name);
    this.#life++;
    for (const subscriber of [...channel.subscribers]) {
      subscriber.send([channel.envelope('close', channel.next, '')]);
      subscriber.response.end();
    }
  }

  // sendRaw gives the subscribers of a channel frames of the test's own making.
  sendRaw(name, frames) {
    this.#deliver(this.#channel(name), frames);
  }

  // cut breaks every connection, as a bad network does; restart also forgets all channels.
  cut() {
    this.#http.closeAllConnections();
  }

  restart() {
    this.#channels.clear();
    this.#life++;
    this.cut();
  }

  startAt(name, seq) {
    this.#channel(name).next = seq;
  }

  // subscribed resolves once the channel has a subscriber whose request names seq (any, if left out).
  async subscribed(name, seq) {
    for (;;) {
      for (const subscriber of this.#channel(name).subscribers) {
        if (seq === undefined || subscriber.seq === seq) {
          return subscriber;
        }
      }
      await once(this, 'subscriber');
    }
  }

  tokenOf(name) {
    return this.#channel(name).token;
  }

  requestsTo(path) {
    return this.requests.filter((request) => request.path === path);
  }

  // ---- the wire

  #channel(name) {
    if (!this.#channels.has(name)) {
      this.#channels.set(name, new Channel(name, this.#life));
    }
    return this.#channels.get(name);
  }

  #deliver(channel, frames) {
    for (const subscriber of [...channel.subscribers]) {
      subscriber.send(frames);
    }
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.origin);
    let query = url.searchParams;
    if (request.method === 'POST') {
      query = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    }
    const params = Object.fromEntries(query);
    this.requests.push({ path: url.pathname, params, method: request.method });
    this.emit('request', url.pathname);
    const handler = { '/sign': 'sign', '/push': 'pushed', '/sub': 'sub', '/sse': 'sse' }[url.pathname];
    const refused = this.refuseStatus && (!this.refusePath || this.refusePath === url.pathname);
    if (this.hangPath === url.pathname) {
      return;
    }
    if (refused || !handler) {
      response.writeHead(refused ? this.refuseStatus : 404).end();
      return;
    }
    this[handler](params, response);
  }

  sign(params, response) {
    const channel = this.#channel(params.cname);
    const seq = channel.buffer.length ? channel.buffer[0].seq : channel.next;
    this.#answer(params, response, JSON.stringify({
      type: 'sign', cname: params.cname, seq, token: channel.token, expires: 30, sub_timeout: this.pollingTimeout,
    }));
  }

  pushed(params, response) {
    this.push(params.cname, params.content);
    this.#answer(params, response, '{"type":"ok"}');
  }

  sub(params, response) {
    response.setHeader('Content-Type', params.cb ? 'text/javascript; charset=utf-8' : 'application/json; charset=utf-8');
    response.flushHeaders();
    const refusal = this.#refusal(params);
    if (refusal) {
      this.#answer(params, response, refusal);
      return;
    }
    this.#subscribe(params, response, (subscriber, frames, replayed) => {
      subscriber.leave();
      this.#answer(params, response, replayed || frames.length > 1 ? `[${frames}]` : frames[0]);
    });
  }

  sse(params, response) {
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.flushHeaders();
    const refusal = this.#refusal(params);
    if (refusal) {
      response.end(`data: ${refusal}\n\n`);
      return;
    }
    this.#subscribe(params, response, (subscriber, frames) => {
      if (!this.silent) {
        response.write(frames.map((frame) => `data: ${frame}\n\n`).join(''));
      }
    });
  }

  #answer(params, response, text) {
    response.end(params.cb ? `${params.cb}(${text});\n` : `${text}\n`);
  }

  #refusal(params) {
    const channel = this.#channel(params.cname);
    if (this.auth && params.token !== channel.token) {
      return channel.envelope('401', 0, 'Token error');
    }
    if (channel.subscribers.size >= this.subscribersMax) {
      return channel.envelope('429', 0, 'Too many subscribers');
    }
    return '';
  }

  #subscribe(params, response, write) {
    const channel = this.#channel(params.cname);
    const seq = Number(params.seq) | 0;
    const subscriber = {
      seq,
      noop: Number(params.noop) | 0,
      response,
      send: (frames, replayed) => write(subscriber, frames, replayed),
      leave: () => channel.subscribers.delete(subscriber),
    };
    channel.subscribers.add(subscriber);
    response.on('close', subscriber.leave);
    const behind = (channel.next - seq) | 0;
    const replay = behind > 0 && seq !== 0 ? channel.replayFrom(seq) : [];
    if (seq === 0 || behind < 0) {
      subscriber.send([channel.envelope('next_seq', channel.next, '')]);
    } else if (replay.length) {
      subscriber.send(replay, true);
    }
    this.emit('subscriber');
  }
}

module.exports = { FakeServer };
