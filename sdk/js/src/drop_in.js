import { Client } from './client.js';
import { IcometError } from './errors.js';
import { surroundings } from './surroundings.js';
import { Timer } from './timer.js';

// A channel that was closed is subscribed again, for its next life, after between this and twice this.
const CLOSED_MIN_MS = 5000;
const SUB_PATH = /\/(sub|poll|sse|stream)\/?(\?.*)?$/;

/**
 * iComet has the interface of the original's icomet.js, on top of a Client: for pages that move to the new client before
 * their code does. It needs a server that speaks version 1; icomet.js beside this folder does not. The server's
 * messages have one payload each; callback gets it as text, or as the JSON value.
 */
export class iComet {
  #config;
  #env;
  #again; // timer
  #client = null;
  #position = null;

  /** @param {object} config as README.md lists it: channel, subUrl, signUrl, pubUrl, callback, history, onState, onLost, onError; and options, those of a Client */
  constructor(config) {
    this.#config = config;
    this.#env = surroundings(config.options?.env);
    this.#again = new Timer(this.#env);
    this.channel = this.cname = config.channel;
    this.sub_url = config.subUrl ?? config.sub_url;
    this.sign_url = config.signUrl ?? config.sign_url;
    this.pub_url = config.pubUrl ?? config.pub_url;
    this.start();
  }

  get stopped() {
    return this.#client === null;
  }

  /** start connects, from where stop left off. */
  start() {
    if (this.#client) {
      return;
    }
    const { onState, onError, options } = this.#config;
    this.#client = new Client(this.sub_url.replace(SUB_PATH, ''), options);
    this.#client.on('state', (state, { transport }) => onState?.(state === 'closed' ? 'stopped' : state, transport));
    this.#client.on('error', ({ code, message }) => onError?.({ type: String(code), content: message }));
    this.#subscribe(this.#client);
  }

  stop() {
    const client = this.#client;
    this.#client = null;
    this.#again.stop();
    client?.close();
  }

  /** pub publishes a string through pubUrl, or without one over the client's WebSocket. */
  pub(content, callback, failed = this.#config.onError) {
    if (typeof content !== 'string') {
      return false;
    }
    const sent = this.pub_url ? this.#post(content) : this.#publish(content);
    sent.then((reply) => callback?.(reply), (error) => failed?.({ type: String(error.code ?? 'connection'), content: error.message }));
    return true;
  }

  #subscribe(client) {
    const { callback, sub_callback: other, history, onLost } = this.#config;
    const all = history ? { since: 0 } : {};
    const subscription = client.subscribe(this.channel, {
      token: this.sign_url ? () => this.#sign() : undefined,
      ...(this.#position ? { position: this.#position } : all),
    });
    subscription.on('message', (message) => {
      this.#position = message.position;
      (callback ?? other)?.(message.content ?? message.data ?? message.bytes, message.type);
    });
    subscription.on('gap', ({ from, to, reason, epoch }) => {
      this.#position = { epoch, seq: to + 1 };
      onLost?.({ reason: reason === 'restarted' ? 'restart' : 'gap', from, to });
    });
    subscription.on('subscribed', ({ position }) => {
      this.#position = position;
    });
    subscription.on('close', ({ reason }) => reason === 'closed' && this.#closed(client));
  }

  #closed(client) {
    this.#again.start(CLOSED_MIN_MS * (1 + this.#env.random()), () => this.#subscribe(client));
    this.#config.onError?.({ type: 'close', content: '' });
  }

  async #sign() {
    const url = new URL(this.sign_url, globalThis.location?.href);
    url.searchParams.set('cname', this.channel);
    const response = await this.#env.fetch(url, { cache: 'no-store' });
    if (!response.ok) {
      throw new IcometError(response.status, 'the sign was refused');
    }
    return (await response.json()).token;
  }

  async #post(content) {
    const response = await this.#env.fetch(this.pub_url, { method: 'POST', body: new URLSearchParams({ cname: this.channel, content }) });
    if (!response.ok) {
      throw new IcometError(response.status, 'the message was refused');
    }
    return response.json();
  }

  async #publish(content) {
    if (!this.#client) {
      throw new IcometError('closed', 'the client is stopped');
    }
    return { type: 'ok', ...await this.#client.publish(this.channel, content) };
  }
}
