import { Backoff } from './backoff.js';
import { Connection } from './connection.js';
import { Emitter } from './emitter.js';
import { IcometError } from './errors.js';
import { Lifecycle } from './lifecycle.js';
import { payloadOf } from './message.js';
import { settingsOf } from './settings.js';
import { canShare, SharedLink } from './shared_link.js';
import { Subscription } from './subscription.js';

// States in which a second event tells something new: another wait.
const WAITING = ['waiting', 'offline'];

/**
 * A Client talks to one server: any number of subscriptions over one connection, which it keeps alive, replaces,
 * and shares with other tabs if it may.
 */
export class Client {
  #events;
  #settings;
  #link;
  #lifecycle;
  #begun = new Map(); // by channel: maps of subscriptions, as they have begun, by holder
  #lastHolder = 0;
  #state = 'idle';
  #transport = '';
  #closed = false;

  /**
   * @param {string | URL} url of the server's front port
   * @param {object} [options] icomet.d.ts lists them
   */
  constructor(url, options = {}) {
    const settings = settingsOf(url, options);
    this.#events = new Emitter(settings.env.report);
    this.#settings = settings;
    const port = {
      message: (message, holders) => this.#deliver(message, holders),
      state: (state, detail) => this.#enter(state, detail),
      error: (error) => this.#events.emit('error', error),
      renew: () => this.#all().forEach(({ ask }) => ask()),
    };
    const { env } = settings;
    this.#link = settings.share && canShare(env) ? new SharedLink(settings, env, port) : new Connection(settings, env, port);
    this.#lifecycle = new Lifecycle(env, this.#link, settings.pauseHiddenMs);
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

  /** 'idle', 'connecting', 'open', 'waiting', 'offline', 'paused' or 'closed'. */
  get state() {
    return this.#state;
  }

  /** The transport in use: 'websocket', 'sse', 'stream', 'poll', or '' while there is none. */
  get transport() {
    return this.#transport;
  }

  subscribe(channel, options = {}) {
    if (this.#closed) {
      throw new IcometError('closed', 'the client is closed', { final: true });
    }
    if (typeof channel !== 'string' || channel === '') {
      throw new TypeError('a channel has a name');
    }
    const { env, backoffFirstMs, backoffMaxMs, queueMax } = this.#settings;
    const holder = `${this.#settings.tab}.${++this.#lastHolder}`;
    return new Subscription(channel, holder, { queueMax, ...options }, {
      begin: (begun) => this.#add(channel, holder, begun),
      want: (want) => this.#link.want(want),
      ended: () => this.#remove(channel, holder),
      publish: (value, more) => this.publish(channel, value, more),
      members: () => this.#members(channel),
      failed: (error) => this.#events.emit('error', error),
      env,
      newBackoff: () => new Backoff(backoffFirstMs, backoffMaxMs, env.random),
    });
  }

  /** publish resolves to the {seq, epoch} that the message got. It needs a WebSocket. */
  async publish(channel, value, { event } = {}) {
    const { seq, epoch } = await this.#command({ cmd: 'publish', cname: channel, event, ...payloadOf(value) });
    return { seq, epoch };
  }

  /** close ends all subscriptions and leaves nothing behind. */
  close() {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#lifecycle.close();
    this.#link.close();
    this.#all().forEach(({ end }) => end());
  }

  async #members(channel) {
    const { members, count } = await this.#command({ cmd: 'members', cname: channel });
    return { members, count };
  }

  #command(command) {
    return this.#closed ? Promise.reject(new IcometError('closed', 'the client is closed', { final: true })) : this.#link.command(command);
  }

  #all() {
    return [...this.#begun.values()].flatMap((holders) => [...holders.values()]);
  }

  #add(channel, holder, begun) {
    const holders = this.#begun.get(channel) ?? new Map();
    this.#begun.set(channel, holders.set(holder, begun));
    begun.ask();
  }

  #remove(channel, holder) {
    const holders = this.#begun.get(channel);
    holders?.delete(holder);
    if (holders?.size === 0) {
      this.#begun.delete(channel);
    }
    if (!this.#closed) {
      this.#link.drop(channel, holder);
    }
  }

  #deliver(message, addressed) {
    for (const [holder, { receive }] of [...(this.#begun.get(message.cname) ?? [])]) {
      receive(message, addressed?.includes(holder) ?? false);
    }
  }

  #enter(state, { transport = '', retryInMs, error } = {}) {
    if (state === this.#state && transport === this.#transport && !WAITING.includes(state)) {
      return;
    }
    this.#state = state;
    this.#transport = transport;
    this.#events.emit('state', state, { transport, retryInMs, error });
  }
}
