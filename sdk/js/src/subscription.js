import { Emitter } from './emitter.js';
import { IcometError } from './errors.js';
import { Message } from './message.js';
import { after, isPosition, judge } from './position.js';
import { Queue } from './queue.js';
import { Timer } from './timer.js';
import { Tokens } from './tokens.js';

// A channel's token that is refused is renewed this many times in a row.
const TOKEN_REFUSALS_MAX = 2;

/**
 * What a subscription needs of its client.
 *
 * @typedef {object} SubscriptionPort
 * @property {(begun: Begun) => void} begin hands over what only the client may do
 * @property {(want: import('./feed.js').Want) => void} want
 * @property {() => void} ended
 * @property {(value: unknown, options?: object) => Promise<object>} publish
 * @property {() => Promise<object>} members
 * @property {(error: IcometError) => boolean} failed returns whether anybody was listening
 * @property {import('./surroundings.js').Surroundings} env
 * @property {() => import('./backoff.js').Backoff} newBackoff
 *
 * @typedef {object} Begun
 * @property {() => void} ask tells the connection what the subscription wants, now or again
 * @property {(message: object, addressed: boolean) => void} receive
 * @property {() => void} end
 */

function sinceOf(since) {
  return since instanceof Date ? since.getTime() / 1000 : since;
}

function checkOptions({ position, last }) {
  if (position !== undefined && position !== null && !isPosition(position)) {
    throw new TypeError('position must be what a subscription or message gave as its position');
  }
  if (last !== undefined && !(Number.isSafeInteger(last) && last >= 0)) {
    throw new TypeError('last must be a whole number, 0 or more');
  }
}

/**
 * A Subscription gets the messages of one channel, each once and in order, or a 'gap' for those that cannot be had. It
 * skips what it already knows: others that read the same channel over the same connection may have it go back.
 */
export class Subscription {
  #events;
  #port;
  #options;
  #tokens;
  #again;            // timer: when to ask for a token again
  #backoff;
  #holder;
  #channel;
  #position = null;
  #asked = Promise.resolve();
  #synced = false;   // the connection sends from our position on
  #ended = false;
  #refusals = 0;
  #queues = new Set();

  /**
   * @param {SubscriptionPort} port
   * @param {{queueMax: number, position?: object, last?: number, since?: number | string | Date, presence?: boolean, token?: any}} options
   */
  constructor(channel, holder, options, port) {
    checkOptions(options);
    this.#events = new Emitter(port.env.report);
    this.#channel = channel;
    this.#holder = holder;
    this.#options = options;
    this.#port = port;
    this.#tokens = new Tokens(options.token);
    this.#again = new Timer(port.env);
    this.#backoff = port.newBackoff();
    this.#position = options.position ? { epoch: options.position.epoch, seq: options.position.seq } : null;
    port.begin({
      ask: () => this.#ask(),
      receive: (message, addressed) => this.#receive(message, addressed),
      end: () => this.#finish('client closed'),
    });
  }

  /** on adds a handler and returns a function that takes it away again. README.md lists the events. */
  on(event, handler) {
    return this.#events.on(event, handler);
  }

  once(event, handler) {
    return this.#events.once(event, handler);
  }

  off(event, handler) {
    this.#events.off(event, handler);
  }

  get channel() {
    return this.#channel;
  }

  /** Where to go on after the last message; null until the server has told it. Keep it, and give it to `subscribe`. */
  get position() {
    return this.#position;
  }

  get closed() {
    return this.#ended;
  }

  /** publish sends text, bytes or a JSON value to the channel and resolves to its {seq, epoch}. It needs a WebSocket. */
  async publish(value, options) {
    await this.#asked;
    return this.#port.publish(value, options);
  }

  /** members resolves to {members, count} of the channel. It needs a WebSocket. */
  async members() {
    await this.#asked;
    return this.#port.members();
  }

  unsubscribe() {
    this.#finish('unsubscribed');
  }

  /** A loop over this gets the messages from now on. One that is too slow loses the oldest, and gets a 'gap' for them. */
  [Symbol.asyncIterator]() {
    const queue = new Queue(this.#options.queueMax, (message) => this.#tell('gap', {
      from: message.seq, to: message.seq, reason: 'slow', epoch: message.epoch,
    }), () => this.#queues.delete(queue));
    if (this.#ended) {
      queue.finish();
    } else {
      this.#queues.add(queue);
    }
    return queue;
  }

  // ---- for the client, which has begun it

  // ask tells the connection what this subscription wants, now or again. Commands wait for that, so that
  // the server gets them in the order in which they were made.
  #ask() {
    this.#asked = this.#want();
  }

  async #want() {
    this.#again.stop();
    this.#synced = false;
    let token;
    try {
      token = await this.#tokens.get();
    } catch (error) {
      this.#later(error);
      return;
    }
    this.#backoff.reset();
    if (!this.#ended) {
      const { last, since, presence } = this.#options;
      this.#port.want({
        holder: this.#holder, cname: this.#channel, position: this.#position, last, since: sinceOf(since), presence: Boolean(presence), token,
      });
    }
  }

  // receive takes a message about the channel. addressed: it is the answer to what this subscription asked.
  #receive(message, addressed) {
    if (this.#ended) {
      return; // a handler of this same message has unsubscribed
    }
    switch (message.type) {
      case 'subscribed':
        if (addressed) {
          this.#subscribed(message);
        }
        break;
      case 'data':
      case 'broadcast':
      case 'gap':
        this.#numbered(message);
        break;
      case 'join':
      case 'leave':
        if (this.#options.presence && this.#synced) {
          this.#tell(message.type, { client: message.client, info: message.info });
        }
        break;
      case 'close':
        this.#finish('closed');
        break;
      case 'error':
        this.#refused(message);
        break;
    }
  }

  // ---- inside

  // later asks again after the application could not give a token.
  #later(error) {
    if (!this.#ended) {
      this.#again.start(this.#backoff.next(), () => this.#ask());
      this.#fail(new IcometError('token', `no token: ${error?.message ?? error}`, { channel: this.#channel, cause: error }));
    }
  }

  #tell(event, detail) {
    return this.#events.emit(event, detail);
  }

  #subscribed({ epoch, seq }) {
    this.#synced = true;
    this.#refusals = 0;
    this.#position ??= { epoch, seq };
    this.#tell('subscribed', { position: this.#position });
  }

  #numbered(message) {
    if (!this.#synced) {
      return;
    }
    switch (judge(this.#position, message)) {
      case 'old':
        break;
      case 'hole': // another reader made the channel begin elsewhere
        this.#ask();
        break;
      default:
        this.#take(message);
    }
  }

  #take(message) {
    const before = this.#position;
    this.#position = after(message);
    if (message.type === 'gap') {
      const from = message.epoch === before.epoch ? Math.max(message.from, before.seq) : message.from;
      this.#tell('gap', { from, to: message.to, reason: message.reason, epoch: message.epoch });
      return;
    }
    const given = new Message(message);
    this.#tell('message', given);
    this.#queues.forEach((queue) => queue.push(given));
  }

  #refused({ code, text, final }) {
    if (code === 401 && this.#tokens.renewable && this.#refusals++ < TOKEN_REFUSALS_MAX) {
      this.#tokens.forget();
      this.#ask();
      return;
    }
    this.#fail(new IcometError(code, text, { channel: this.#channel, final }));
  }

  #fail(error) {
    const heard = [this.#tell('error', error), this.#port.failed(error)].includes(true) || this.#queues.size > 0;
    if (!heard && error.final) {
      this.#port.env.report(error);
    }
    if (error.final) {
      this.#finish('refused', error);
    }
  }

  #finish(reason, error) {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#again.stop();
    this.#queues.forEach((queue) => queue.finish(error));
    this.#queues.clear();
    this.#port.ended();
    this.#tell('close', { reason, error });
  }
}
