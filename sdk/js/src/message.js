/** Message is one message of a channel. Its payload is `content`, `data` or `bytes`, whichever the publisher gave. */
export class Message {
  #wire;
  #bytes;

  constructor(wire) {
    this.#wire = wire;
    this.#bytes = wire.bytes;
  }

  get channel() {
    return this.#wire.cname;
  }

  get seq() {
    return this.#wire.seq;
  }

  get epoch() {
    return this.#wire.epoch;
  }

  /** 'data', or 'broadcast' for what was sent to all channels. */
  get type() {
    return this.#wire.type;
  }

  get event() {
    return this.#wire.event;
  }

  get content() {
    return this.#wire.content;
  }

  get data() {
    return this.#wire.data;
  }

  get bytes() {
    if (this.#bytes === undefined && this.#wire.base64 !== undefined) {
      this.#bytes = Uint8Array.from(atob(this.#wire.base64), (char) => char.charCodeAt(0));
    }
    return this.#bytes;
  }

  /** Where to go on after this message. */
  get position() {
    return { epoch: this.#wire.epoch, seq: this.#wire.seq + 1 };
  }
}

/** payloadOf makes the part of a publish command that carries a value: text, bytes, or any other JSON value. */
export function payloadOf(value) {
  if (typeof value === 'string') {
    return { content: value };
  }
  if (value instanceof ArrayBuffer) {
    return { base64: base64Of(new Uint8Array(value)) };
  }
  if (ArrayBuffer.isView(value)) {
    return { base64: base64Of(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  if (value === undefined || typeof value === 'function') {
    throw new TypeError('only text, bytes and JSON values can be published');
  }
  return { data: value };
}

function base64Of(bytes) {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}
