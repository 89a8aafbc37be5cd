import { closed, malformed } from './endings.js';
import { formOf } from './request.js';

// Above this much that waits in the browser, the application's commands are refused.
const UNSENT_BYTES_MAX = 1 << 20;
const LINE_FEED = 10;

// decode reads a message; one with bytes is an envelope, a line feed, and the bytes.
function decode(frame) {
  if (typeof frame === 'string') {
    return JSON.parse(frame);
  }
  const all = new Uint8Array(frame);
  const end = all.indexOf(LINE_FEED);
  const message = JSON.parse(new TextDecoder().decode(all.subarray(0, end)));
  message.bytes = all.subarray(end + 1);
  return message;
}

/** @type {import('./transport.js').Transport} */
export const webSocket = {
  usable: (env) => Boolean(env.WebSocket),
  patient: false,
  open({ env, url, request, onHead, onMessage, onEnd }) {
    const form = formOf({ ...request(), channels: [] });
    const socket = new env.WebSocket(`${url.replace(/^http/, 'ws')}/ws?${form}&binary=1`, 'icomet.v1.json');
    const quiet = () => {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    };
    const close = () => {
      quiet();
      socket.close(1000);
    };
    socket.binaryType = 'arraybuffer';
    socket.onopen = onHead;
    socket.onmessage = ({ data }) => {
      let message;
      try {
        message = decode(data);
      } catch (error) {
        close();
        onEnd(malformed(error.message));
        return;
      }
      onMessage(message);
    };
    socket.onclose = ({ code, reason }) => {
      quiet();
      onEnd(closed(code, reason));
    };
    return {
      close,
      send: (command) => socket.send(command),
      full: () => socket.bufferedAmount > UNSENT_BYTES_MAX,
    };
  },
};
