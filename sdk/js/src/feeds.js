import { malformed } from './endings.js';
import { Feed } from './feed.js';
import { after, gapBefore, judge, samePosition } from './position.js';
import { Timer } from './timer.js';

// After 429 or 503 a channel is asked for again in between this and twice this.
const REST_MIN_MS = 5000;
// A connection's token that a channel refuses is renewed this many times in a row.
const TOKEN_REFUSALS_MAX = 2;
const BUSY = [429, 503];

/**
 * Feeds are all channels of a connection: who wants them, what the server has said of them, and where to go on.
 *
 * @typedef {object} FeedsPort
 * @property {(message: object, holders: string[] | null) => void} deliver null: to all
 * @property {() => void} changed the list of channels differs from what the server was asked for
 * @property {() => boolean} renewable whether a refused token of the connection can be renewed
 */
export class Feeds {
  #port;
  #env;
  #feeds = new Map();
  #gone = new Set(); // names that the server still sends but nobody wants, or not from there
  #rest;

  /** @param {FeedsPort} port */
  constructor(env, port) {
    this.#env = env;
    this.#port = port;
    this.#rest = new Timer(env);
  }

  get size() {
    return this.#feeds.size;
  }

  /** askable are the channels that a request should name. */
  get askable() {
    return [...this.#feeds.values()].filter((feed) => feed.phase !== 'resting');
  }

  get unasked() {
    return this.askable.filter((feed) => feed.request === 0);
  }

  /** asking tells whether the server was asked for any channel that is still wanted. */
  get asking() {
    return this.askable.some((feed) => feed.request !== 0);
  }

  get stale() {
    return this.#gone.size > 0 || this.unasked.length > 0;
  }

  /** @param {import('./feed.js').Want} want */
  want(want) {
    let feed = this.#feeds.get(want.cname);
    if (!feed) {
      feed = new Feed(want.cname);
      feed.turnTo(want);
      this.#feeds.set(want.cname, feed);
      this.#port.changed();
    }
    feed.add(want);
    this.#serve(feed);
  }

  drop(cname, holder) {
    const feed = this.#feeds.get(cname);
    feed?.remove(holder);
    if (feed?.holders.size === 0) {
      this.#remove(feed);
      this.#port.changed();
    }
  }

  /** leave drops all that a tab holds; its holders begin with prefix. */
  leave(prefix) {
    for (const feed of this.#feeds.values()) {
      [...feed.holders].filter((holder) => holder.startsWith(prefix)).forEach((holder) => this.drop(feed.name, holder));
    }
  }

  /** takeGone returns the channels to unsubscribe, and forgets them. */
  takeGone() {
    const gone = [...this.#gone];
    this.#gone.clear();
    return gone;
  }

  /** lost forgets what the server was asked for; positions stay. */
  lost() {
    this.#gone.clear();
    for (const feed of this.askable) {
      feed.phase = 'asked';
      feed.request = 0;
    }
  }

  /** asked notes that the server was asked for these feeds, by the command of that number. */
  asked(feeds, request) {
    for (const feed of feeds) {
      feed.request = request;
    }
  }

  /** confirm is for transports that do not confirm channels whose position was named. */
  confirm() {
    for (const feed of this.askable) {
      if (feed.phase === 'asked' && feed.position) {
        this.#settle(feed, null);
      }
    }
  }

  stop() {
    this.#rest.stop();
  }

  /** wake ends the rest of channels that the server was too busy for. */
  wake() {
    this.#rest.stop();
    for (const feed of this.#feeds.values()) {
      if (feed.phase === 'resting') {
        feed.phase = 'asked';
      }
    }
    this.#port.changed();
  }

  /**
   * receive takes a message about a channel. It returns an Ending if the connection cannot go on.
   *
   * @returns {import('./endings.js').Ending | null}
   */
  receive(message) {
    if (message.type === 'error') {
      return this.#refused(message);
    }
    const feed = this.#feeds.get(message.cname);
    if (!feed) {
      return null; // it crossed with our unsubscribing
    }
    if (message.type === 'subscribed') {
      if (feed.phase === 'asked' && (message.id ?? feed.request) === feed.request) {
        this.#settle(feed, { epoch: message.epoch, seq: message.seq });
      }
      return null;
    }
    return feed.phase === 'live' ? this.#live(feed, message) : null;
  }

  #live(feed, message) {
    switch (message.type) {
      case 'data':
      case 'broadcast':
      case 'gap':
        return this.#numbered(feed, message);
      case 'close':
        this.#feeds.delete(feed.name);
        this.#port.deliver(message, null);
        this.#port.changed();
        return null;
      case 'join':
      case 'leave':
        this.#port.deliver(message, null);
        return null;
      default:
        return null; // of a later version
    }
  }

  // A hole is a mistake of somebody on the way. Coming back from the same position heals it, or else shows that
  // what is missing cannot be had.
  #numbered(feed, message) {
    const verdict = judge(feed.position, message);
    if (verdict === 'old') {
      return null;
    }
    if (verdict === 'hole') {
      if (!samePosition(feed.holeAt, feed.position)) {
        feed.holeAt = feed.position;
        return malformed(`number ${feed.position.seq} of ${feed.name} is missing`);
      }
      this.#port.deliver(gapBefore(feed.position, message), null);
    }
    feed.position = after(message);
    feed.holeAt = null;
    this.#port.deliver(message, null);
    return null;
  }

  #settle(feed, position) {
    feed.settle(position);
    this.#answer(feed);
    this.#serve(feed);
  }

  // serve goes back with the feed if that is what a holder wants.
  #serve(feed) {
    if (feed.phase !== 'live') {
      return;
    }
    this.#answer(feed);
    const [want] = feed.wants.values();
    if (want) {
      this.#gone.add(feed.name);
      feed.turnTo(want);
      feed.request = 0;
      this.#port.changed();
    }
  }

  #answer(feed) {
    const holders = feed.met();
    if (holders.length > 0) {
      this.#port.deliver({ type: 'subscribed', cname: feed.name, ...feed.position }, holders);
    }
  }

  #refused(message) {
    const feeds = message.cname === undefined ?
      this.askable.filter((feed) => message.id !== undefined && feed.request === message.id) :
      [this.#feeds.get(message.cname)].filter((feed) => feed && message.code !== 404 && (message.id ?? feed.request) === feed.request);
    let ending = null;
    for (const feed of feeds) {
      ending = this.#refusal(feed, message) ?? ending;
    }
    return ending;
  }

  #refusal(feed, message) {
    if (message.code === 401 && !feed.hasOwnToken && this.#port.renewable() && feed.refusals++ < TOKEN_REFUSALS_MAX) {
      return { code: 401, text: message.text, token: true, reached: true };
    }
    const busy = BUSY.includes(message.code);
    if (busy) {
      feed.phase = 'resting';
      feed.request = 0;
      this.#restAWhile();
    } else {
      this.#feeds.delete(feed.name);
    }
    this.#port.deliver({ ...message, cname: feed.name, final: !busy }, null);
    this.#port.changed();
    return null;
  }

  #restAWhile() {
    if (this.#rest.pending) {
      return;
    }
    this.#rest.start(REST_MIN_MS * (1 + this.#env.random()), () => this.wake());
  }

  #remove(feed) {
    this.#feeds.delete(feed.name);
    if (feed.request !== 0) {
      this.#gone.add(feed.name);
    }
  }
}
