/*
 * The connections of the fake server: a Session and its four ways to put messages on the wire.
 */
import { acceptKey, BINARY, CLOSE, closeFrame, encodeFrame, FrameReader, TEXT } from './frames.mjs';
import { runCommand } from './commands.mjs';

// Session is what one connection is subscribed to. write(message) puts a message on its wire, end() ends it.
export class Session {
  subscriptions = new Map(); // by channel
  closed = false;

  constructor(server, token, { write, end }) {
    this.server = server;
    this.token = token;
    this.write = write;
    this.end = end;
    server.sessions.add(this);
  }

  send(message) {
    if (!this.closed) {
      this.write(message);
    }
  }

  noop() {
    this.send({ type: 'noop' });
  }

  leave() {
    this.closed = true;
    this.server.sessions.delete(this);
    this.subscriptions.forEach((subscription) => subscription.leave());
    this.server.emit('change');
  }

  refusal(spec) {
    const { server } = this;
    if (server.refuseChannel[spec.cname]) {
      return server.refuseChannel[spec.cname];
    }
    const wanted = server.channelTokens[spec.cname];
    const isRefused = wanted ? spec.token !== wanted : server.token !== null && this.token !== server.token;
    return isRefused ? 401 : 0;
  }

  // subscribe answers with what a channel has first. confirmed: 'subscribed' is sent though the position was named.
  subscribe(spec, id, confirmed) {
    const code = this.refusal(spec);
    if (code) {
      this.send({ type: 'error', id, code, cname: spec.cname, text: 'refused' });
      return;
    }
    const channel = this.server.channel(spec.cname);
    const { from, first, restarted } = channel.begin(spec);
    if (confirmed || !spec.seq || restarted) {
      this.send({ type: 'subscribed', id, cname: spec.cname, seq: from, epoch: channel.epoch });
    }
    first.forEach((message) => this.send(message));
    const subscription = {
      channel,
      presence: Boolean(spec.presence),
      send: (message) => this.send(message),
      leave: () => channel.subscriptions.delete(subscription),
      end: () => this.#channelClosed(channel),
    };
    channel.subscriptions.add(subscription);
    this.subscriptions.set(spec.cname, subscription);
    this.server.emit('change');
  }

  unsubscribe(name) {
    const subscription = this.subscriptions.get(name);
    subscription?.leave();
    this.subscriptions.delete(name);
    this.server.emit('change');
    return Boolean(subscription);
  }

  #channelClosed(channel) {
    this.unsubscribe(channel.name);
    this.send({ type: 'close', cname: channel.name, seq: channel.next, epoch: channel.epoch });
    if (this.subscriptions.size === 0) {
      this.end();
    }
  }
}

const ENDLESS = {
  '/stream': { type: 'application/json', frame: (message) => `${JSON.stringify(message)}\n` },
  '/sse': {
    type: 'text/event-stream',
    frame: (message) => `${message.event ? `event: ${message.event}\n` : ''}${message.seq ? `id: ${message.epoch}.${message.seq}\n` : ''}data: ${JSON.stringify(message)}\n\n`,
  },
};

function openEndless(server, { type, frame }, response, { connection, channels }, holdsBack) {
  response.writeHead(200, { 'Content-Type': type });
  response.flushHeaders();
  const session = new Session(server, connection.token, {
    write: (message) => holdsBack || response.write(frame(message)),
    end: () => response.end(),
  });
  response.on('close', () => session.leave());
  session.send({ type: 'hello', v: 1, noop: server.noop });
  channels.forEach((spec) => session.subscribe(spec, undefined, true));
  if (session.subscriptions.size === 0) {
    response.end();
  }
}

function openPoll(server, response, { connection, channels }, holdsBack) {
  let messages = [];
  let ready = false;
  const flush = () => {
    if (ready && messages.length > 0 && !holdsBack) {
      session.leave();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(`[${messages.map((message) => JSON.stringify(message))}]\n`);
      messages = [];
    }
  };
  const session = new Session(server, connection.token, {
    write: (message) => {
      messages.push(message);
      flush();
    },
    end: flush,
  });
  response.on('close', () => session.leave());
  channels.forEach((spec) => session.subscribe(spec, undefined, false));
  ready = true;
  flush();
}

function openWebSocket(server, request, socket, { connection, channels }, head, holdsBack) {
  if (server.token !== null && connection.token !== server.token) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    return;
  }
  const accept = acceptKey(request.headers['sec-websocket-key']);
  const named = request.headers['sec-websocket-protocol'] === 'icomet.v1.json' ? 'Sec-WebSocket-Protocol: icomet.v1.json\r\n' : '';
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${named}\r\n`);
  const session = new Session(server, connection.token, {
    write: (message) => holdsBack || socket.write(frameOf(message, connection.binary)),
    end: () => {},
  });
  session.close = (code, reason) => socket.end(closeFrame(code, reason));
  const reader = new FrameReader((opcode, payload) => {
    if (opcode === TEXT) {
      runCommand(session, payload.toString());
    } else if (opcode === CLOSE) {
      socket.end(closeFrame(1000));
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => session.leave());
  session.send({ type: 'hello', v: 1, noop: server.noop });
  channels.forEach((spec) => session.subscribe(spec, undefined, true));
  reader.push(head);
  socket.on('data', (piece) => reader.push(piece));
}

function frameOf(message, binary) {
  if (binary && message.base64 !== undefined) {
    return encodeFrame(BINARY, Buffer.concat([Buffer.from(`${JSON.stringify({ ...message, base64: undefined })}\n`), Buffer.from(message.base64, 'base64')]));
  }
  return encodeFrame(TEXT, JSON.stringify(message));
}

// openSession answers a request to path. holdsBack: the head goes out, and nothing after it, as behind a buffering proxy.
export function openSession(server, path, request, response, params, head, holdsBack) {
  if (path === '/ws' && head) {
    openWebSocket(server, request, response, params, head, holdsBack);
  } else if (ENDLESS[path]) {
    openEndless(server, ENDLESS[path], response, params, holdsBack);
  } else if (path === '/poll') {
    openPoll(server, response, params, holdsBack);
  } else {
    response.writeHead(404).end();
  }
}
