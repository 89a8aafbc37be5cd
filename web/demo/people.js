import { find, make } from './dom.js';
import { avatarOf } from './avatar.js';
import { NAME_MAX } from './post.js';

/** nameOf is what a member calls itself. */
export function nameOf(info) {
  return (typeof info?.name === 'string' && info.name.trim().slice(0, NAME_MAX)) || 'somebody';
}

/** People are the members of a room, and the list of them on the page. */
export class People {
  #me;
  #names = new Map(); // by client
  #unnamed = 0;       // more than the server tells by name

  /** @param {{client: string}} me */
  constructor(me) {
    this.#me = me;
    this.#show();
  }

  /** set replaces all of them. */
  set(members, count) {
    this.#names = new Map(members.map(({ client, info }) => [client, nameOf(info)]));
    this.#unnamed = count - members.length;
    this.#show();
  }

  /** join returns whether the member was not there before. */
  join({ client, info }) {
    const isNew = !this.#names.has(client);
    this.#names.set(client, nameOf(info));
    this.#show();
    return isNew;
  }

  leave({ client }) {
    this.#names.delete(client);
    this.#show();
  }

  #show() {
    const all = [...this.#names].sort(([a, nameA], [b, nameB]) =>
      (b === this.#me.client) - (a === this.#me.client) || nameA.localeCompare(nameB));
    find('people-list').replaceChildren(...all.map(([client, name]) => this.#item(client, name)));
    find('count').textContent = this.#names.size + this.#unnamed;
    find('people-more').hidden = this.#unnamed === 0;
    find('people-more').textContent = `and ${this.#unnamed} more`;
  }

  #item(client, name) {
    const { avatar, hue } = avatarOf(name);
    const item = make('li', `person ${hue}`);
    item.append(avatar, make('span', 'name', client === this.#me.client ? `${name} (you)` : name));
    return item;
  }
}
