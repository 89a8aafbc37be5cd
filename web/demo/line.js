import { Client } from './icomet.esm.js';
import { clientOptions, showState } from './connection.js';

const BROKEN = ['waiting', 'offline', 'paused'];

/**
 * A Line reads one channel and can be cut and joined again. It goes on where it was, if the server still keeps what
 * was missed.
 */
export class Line {
  #channel;
  #position;
  #handlers;
  #client = null;

  /**
   * @param {{epoch: string, seq: number} | null} position where to begin; null: with what comes from now on
   * @param {object} handlers by name of the subscription's events: message, gap, error, close; and broken, when the
   *   connection is lost
   */
  constructor(channel, position, handlers) {
    this.#channel = channel;
    this.#position = position;
    this.#handlers = handlers;
  }

  get isCut() {
    return this.#client === null;
  }

  join() {
    const client = new Client(location.origin, clientOptions());
    const { broken = () => {}, ...events } = this.#handlers;
    client.on('state', (state, { transport }) => {
      showState(state, transport);
      if (BROKEN.includes(state)) {
        broken();
      }
    });
    client.on('error', () => {}); // the state says all that there is to say
    const subscription = client.subscribe(this.#channel, { position: this.#position });
    for (const [event, handler] of Object.entries(events)) {
      subscription.on(event, (detail) => {
        if (this.#client === client) {
          this.#position = subscription.position;
          handler(detail);
        }
      });
    }
    this.#client = client;
  }

  cut() {
    const client = this.#client;
    this.#client = null;
    client?.close();
  }
}
