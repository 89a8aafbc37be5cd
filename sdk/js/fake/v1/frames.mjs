/*
 * WebSocket frames (RFC 6455, section 5.2) as far as the tests need them: whole messages, no fragments, no extensions.
 */
import { createHash } from 'node:crypto';

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;

export function acceptKey(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

// encodeFrame makes a frame; a client's is masked, with a mask of zeros that leaves the payload as it is.
export function encodeFrame(opcode, payload, masked = false) {
  const bytes = Buffer.from(payload);
  const bit = masked ? 0x80 : 0;
  let head = Buffer.from([0x80 | opcode, bit | bytes.length]);
  if (bytes.length > 65535) {
    head = Buffer.alloc(10);
    head.writeUInt16BE((0x80 | opcode) << 8 | bit | 127);
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  } else if (bytes.length > 125) {
    head = Buffer.alloc(4);
    head.writeUInt16BE((0x80 | opcode) << 8 | bit | 126);
    head.writeUInt16BE(bytes.length, 2);
  }
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), bytes]);
}

export function closeFrame(code, reason = '', masked = false) {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return encodeFrame(CLOSE, payload, masked);
}

// FrameReader gives onFrame(opcode, payload) each whole frame of the pieces that come in.
export class FrameReader {
  #rest = Buffer.alloc(0);
  #onFrame;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  push(piece) {
    this.#rest = Buffer.concat([this.#rest, piece]);
    for (let frame = this.#next(); frame; frame = this.#next()) {
      this.#onFrame(...frame);
    }
  }

  #next() {
    const rest = this.#rest;
    if (rest.length < 2) {
      return null;
    }
    const short = rest[1] & 0x7f;
    const headBytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const maskBytes = rest[1] & 0x80 ? 4 : 0;
    if (rest.length < headBytes + maskBytes) {
      return null;
    }
    const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    const begin = headBytes + maskBytes;
    if (rest.length < begin + length) {
      return null;
    }
    const mask = rest.subarray(headBytes, begin);
    const payload = Buffer.from(rest.subarray(begin, begin + length)).map((byte, i) => (maskBytes ? byte ^ mask[i % 4] : byte));
    this.#rest = rest.subarray(begin + length);
    return [rest[0] & 0x0f, Buffer.from(payload)];
  }
}
