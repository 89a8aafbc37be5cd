import { reaches } from './position.js';

/**
 * A want is one holder's wish for a channel. Holders are subscriptions, of this tab or of others.
 *
 * @typedef {object} Want
 * @property {string} holder
 * @property {string} cname
 * @property {import('./position.js').Position | null} position where to go on
 * @property {number} [last] without a position: how many of the newest messages to begin with
 * @property {number | string} [since] without a position: the time to begin with
 * @property {boolean} presence
 * @property {string} token
 */

/**
 * A Feed is a channel as one connection sees it. All holders read from it, so when one of them wants what has
 * already gone by, the feed goes back and the others skip what they know.
 */
export class Feed {
  name;
  holders = new Set();
  wants = new Map();    // by holder; not answered yet
  position = null;      // what the server is to send next; null until the server has told it
  phase = 'asked';      // or 'live', or 'resting' after the server was too busy
  request = 0;          // number of the command that has asked for it on this connection, 0 before
  holeAt = null;        // position at which a message was missing
  refusals = 0;         // of the connection's token, in a row
  #asking = null;       // the want that decided where to begin
  #start = {};
  #token = '';
  #presence = false;

  constructor(name) {
    this.name = name;
  }

  get hasOwnToken() {
    return this.#token !== '';
  }

  /** @returns {import('./request.js').Spec} */
  spec() {
    const spec = { cname: this.name, ...(this.position ?? this.#start) };
    if (this.#token) {
      spec.token = this.#token;
    }
    if (this.#presence) {
      spec.presence = true;
    }
    return spec;
  }

  add(want) {
    this.holders.add(want.holder);
    this.wants.set(want.holder, want);
  }

  remove(holder) {
    this.holders.delete(holder);
    this.wants.delete(holder);
  }

  /** turnTo makes a want the one that is asked for next. */
  turnTo(want) {
    if (this.phase !== 'live' || !this.#passes(want)) {
      this.position = want.position;
      this.#start = want.last !== undefined ? { last: want.last } : want.since !== undefined ? { since: want.since } : {};
    }
    this.#presence ||= want.presence;
    this.#token = want.token || this.#token;
    this.#asking = want;
    this.phase = 'asked';
    this.holeAt = null;
  }

  /** settle notes that the server sends from here on; position is the server's word where that is. */
  settle(position) {
    this.phase = 'live';
    this.refusals = 0;
    this.position ??= position;
  }

  /** met takes the wants that this feed now fulfils and returns their holders. */
  met() {
    const holders = [];
    for (const want of this.wants.values()) {
      if (want === this.#asking || (this.#passes(want) && (this.#presence || !want.presence))) {
        holders.push(want.holder);
        this.wants.delete(want.holder);
      }
    }
    this.#asking = null;
    return holders;
  }

  #passes(want) {
    return want.position ? reaches(this.position, want.position) : want.last === undefined && want.since === undefined;
  }
}
