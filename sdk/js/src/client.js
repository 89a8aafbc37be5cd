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
export class Client extends Emitter {
  #settings;
  #link;
  #lifecycle;
  #subscriptions = new Map(); // by holder
  #byChannel = new Map();     // sets of subscriptions
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
    super(settings.env.report);
    this.#settings = settings;
    const port = {
      message: (message, holders) => this.#deliver(message, holders),
      state: (state, detail) => this.#enter(state, detail),
      error: (error) => this.emit('error', error),
      renew: () => this.#subscriptions.forEach((subscription) => subscription.ask()),
    };
    const { env } = settings;
    this.#link = settings.share && canShare(env) ? new SharedLink(settings, env, port) : new Connection(settings, env, port);
    this.#lifecycle = new Lifecycle(env, this.#link, settings.pauseHiddenMs);
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
    const holder = `${this.#settings.tab}.${++this.#lastHolder}`;
    const subscription = new Subscription(channel, holder, { queueMax: this.#settings.queueMax, ...options }, {
      want: (want) => this.#link.want(want),
      ended: () => this.#ended(subscription),
      publish: (value, more) => this.publish(channel, value, more),
      members: () => this.#members(channel),
      failed: (error) => this.emit('error', error),
      report: this.#settings.env.report,
    });
    this.#add(subscription);
    subscription.ask();
    return subscription;
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
    [...this.#subscriptions.values()].forEach((subscription) => subscription.end());
  }

  async #members(channel) {
    const { members, count } = await this.#command({ cmd: 'members', cname: channel });
    return { members, count };
  }

  #command(command) {
    return this.#closed ? Promise.reject(new IcometError('closed', 'the client is closed', { final: true })) : this.#link.command(command);
  }

  #add(subscription) {
    this.#subscriptions.set(subscription.holder, subscription);
    const all = this.#byChannel.get(subscription.channel) ?? new Set();
    this.#byChannel.set(subscription.channel, all.add(subscription));
  }

  #ended(subscription) {
    const all = this.#byChannel.get(subscription.channel);
    this.#subscriptions.delete(subscription.holder);
    all?.delete(subscription);
    if (all?.size === 0) {
      this.#byChannel.delete(subscription.channel);
    }
    if (!this.#closed) {
      this.#link.drop(subscription.channel, subscription.holder);
    }
  }

  #deliver(message, holders) {
    for (const subscription of [...(this.#byChannel.get(message.cname) ?? [])]) {
      subscription.receive(message, holders?.includes(subscription.holder) ?? false);
    }
  }

  #enter(state, { transport = '', retryInMs, error } = {}) {
    if (state === this.#state && transport === this.#transport && !WAITING.includes(state)) {
      return;
    }
    this.#state = state;
    this.#transport = transport;
    this.emit('state', state, { transport, retryInMs, error });
  }
}
