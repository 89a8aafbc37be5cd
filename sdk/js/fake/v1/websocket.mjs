/*
 * A WebSocket as a browser has it, on real sockets, for versions of Node that have none.
 */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { BINARY, CLOSE, closeFrame, encodeFrame, FrameReader, TEXT } from './frames.mjs';

export class FakeWebSocket {
  static live = new Set(); // those not closed

  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  #socket = null;
  #request;

  constructor(url, protocol) {
    FakeWebSocket.live.add(this);
    const headers = {
      Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Protocol': protocol,
    };
    this.#request = http.get(url.replace(/^ws/, 'http'), { agent: false, headers });
    this.#request.on('error', () => this.#closed(1006, ''));
    this.#request.on('response', () => {
      this.#request.destroy();
      this.#closed(1006, '');
    });
    this.#request.on('upgrade', (response, socket, head) => this.#open(socket, head));
  }

  send(text) {
    this.#socket.write(encodeFrame(TEXT, text, true));
  }

  close(code) {
    if (this.readyState === 1) {
      this.#socket.end(closeFrame(code, '', true));
    } else {
      this.#request.destroy();
    }
    this.#closed(code, '');
  }

  #open(socket, head) {
    if (this.readyState === 3) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.readyState = 1;
    const reader = new FrameReader((opcode, payload) => this.#frame(opcode, payload));
    socket.on('error', () => {});
    socket.on('close', () => this.#closed(1006, ''));
    this.onopen?.({});
    reader.push(head);
    socket.on('data', (piece) => reader.push(piece));
  }

  #frame(opcode, payload) {
    if (this.readyState !== 1) {
      return;
    }
    if (opcode === CLOSE) {
      this.#socket.end();
      this.#closed(payload.length ? payload.readUInt16BE(0) : 1005, payload.subarray(2).toString());
    } else if (opcode === TEXT) {
      this.onmessage?.({ data: payload.toString() });
    } else if (opcode === BINARY) {
      this.onmessage?.({ data: new Uint8Array(payload).buffer });
    }
  }

  #closed(code, reason) {
    if (this.readyState !== 3) {
      this.readyState = 3;
      FakeWebSocket.live.delete(this);
      this.onclose?.({ code, reason });
    }
  }
}
