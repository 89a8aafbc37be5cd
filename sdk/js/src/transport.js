import { webSocket } from './transport_websocket.js';
import { sse } from './transport_sse.js';
import { stream } from './transport_stream.js';
import { poll } from './transport_poll.js';

/**
 * A transport brings the messages of all channels over one connection, or over one request after another.
 *
 * @typedef {object} Opening what a transport is opened with
 * @property {import('./surroundings.js').Surroundings} env
 * @property {string} url of the server, without a slash at its end
 * @property {RequestCredentials} credentials
 * @property {() => import('./request.js').Request} request what to ask for now
 * @property {() => void} onHead something has answered, though perhaps no message came yet
 * @property {(message: object) => void} onMessage
 * @property {(ending: import('./endings.js').Ending) => void} onEnd nothing comes any more; never after close
 *
 * @typedef {object} Open
 * @property {() => void} close
 * @property {(command: string) => void} [send] there is one if channels can come and go on this connection
 * @property {() => boolean} [full] too much is waiting to be sent
 *
 * @typedef {object} Transport
 * @property {(env: import('./surroundings.js').Surroundings) => boolean} usable
 * @property {boolean} patient true if silence may mean that all is well
 * @property {(opening: Opening) => Open} open
 */

/** @type {Record<string, Transport>} */
export const TRANSPORTS = { websocket: webSocket, sse, stream, poll };

/** usableKinds keeps those of the wanted kinds that work in this environment. */
export function usableKinds(wanted, env) {
  for (const kind of wanted) {
    if (!Object.hasOwn(TRANSPORTS, kind)) {
      throw new TypeError(`there is no transport ${JSON.stringify(kind)}; there are ${Object.keys(TRANSPORTS).join(', ')}`);
    }
  }
  const kinds = wanted.filter((kind) => TRANSPORTS[kind].usable(env));
  if (kinds.length === 0) {
    throw new TypeError('no transport can be used here: there is neither WebSocket nor fetch');
  }
  return kinds;
}
