import { Client } from './icomet.esm.js';
import { clientOptions } from './connection.js';

const CHANNEL_PREFIX = 'chat-';
const HISTORY_MAX = 100; // messages to begin with

// fetched asks the server over HTTP for what else a WebSocket is asked for.
async function fetched(path, channel, options) {
  const response = await fetch(`${path}?cname=${encodeURIComponent(channel)}`, options);
  if (!response.ok) {
    throw new Error((await response.text()).trim());
  }
  return response.json();
}

/**
 * A Room is a channel with the messages and the members of it. All tabs of one person share one connection. Where no
 * WebSocket gets through, the few things that need one go over HTTP.
 *
 * @typedef {object} RoomPort
 * @property {(message: import('./icomet.esm.js').Message) => void} message
 * @property {(members: object[], count: number) => void} members all of them
 * @property {(member: object) => void} joined
 * @property {(member: object) => void} left
 * @property {(state: string, transport: string) => void} state
 * @property {(text: string) => void} notice something that people should know
 */
export class Room {
  #client;
  #subscription;
  #channel;
  #port;
  #meanwhile = null; // who came and went while the list of members is awaited

  /** @param {RoomPort} port */
  constructor(name, person, port) {
    this.#channel = CHANNEL_PREFIX + name;
    this.#port = port;
    this.#client = new Client(location.origin, {
      ...clientOptions(), share: person.client, client: person.client, info: { name: person.name },
    });
    this.#client.on('state', (state, { transport }) => this.#state(state, transport));
    this.#client.on('error', () => {}); // the state says all that there is to say
    this.#subscription = this.#client.subscribe(this.#channel, { last: HISTORY_MAX, presence: true });
    this.#subscription.on('subscribed', () => this.#askMembers());
    this.#subscription.on('message', (message) => port.message(message));
    this.#subscription.on('gap', ({ reason }) => port.notice(reason === 'restarted' ?
      'The room has begun anew.' : 'Some messages were missed here.'));
    this.#subscription.on('join', (member) => this.#moved('joined', member));
    this.#subscription.on('leave', (member) => this.#moved('left', member));
    this.#subscription.on('error', ({ message }) => port.notice(`The server says: ${message}`));
    this.#subscription.on('close', ({ reason }) => reason !== 'closed' || port.notice('The room was closed. Leave and join to go on.'));
  }

  /** publish resolves when the server has taken the message. */
  async publish(value) {
    try {
      await this.#subscription.publish(value);
    } catch (error) {
      if (error.code !== 'unsupported') {
        throw error;
      }
      await fetched('/demo/chat/message', this.#channel, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value),
      });
    }
  }

  close() {
    this.#client.close();
  }

  #state(state, transport) {
    this.#port.state(state, transport);
    if (state === 'open') {
      // Who came and went while we were away was not told. The client is just about to subscribe again.
      queueMicrotask(() => this.#askMembers());
    }
  }

  async #members() {
    try {
      return await this.#subscription.members();
    } catch (error) {
      if (error.code !== 'unsupported') {
        throw error;
      }
      return fetched('/demo/chat/members', this.#channel);
    }
  }

  async #askMembers() {
    const meanwhile = [];
    this.#meanwhile = meanwhile;
    try {
      const { members, count } = await this.#members();
      if (this.#meanwhile === meanwhile) {
        this.#port.members(members, count);
        meanwhile.forEach(([what, member]) => this.#port[what](member));
      }
    } catch {
      // Not subscribed yet, or the connection is gone again: both are followed by another question.
    } finally {
      if (this.#meanwhile === meanwhile) {
        this.#meanwhile = null;
      }
    }
  }

  #moved(what, member) {
    this.#meanwhile?.push([what, member]);
    this.#port[what](member);
  }
}
