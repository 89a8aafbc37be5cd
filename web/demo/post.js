import { randomId } from './person.js';

export const NAME_MAX = 32;   // characters, as in chat.html
export const TEXT_MAX = 1000;

const KEYS = ['id', 'from', 'name', 'text'];
const DATE_MAX = 8.64e15;     // what Date can hold

/** newPost is what a person says, as it is published: {id, from, name, text, at}. */
export function newPost(person, text) {
  return { id: randomId(), from: person.client, name: person.name, text, at: Date.now() };
}

/** readPost returns the post that was published as value, or null if it is none of this page's. */
export function readPost(value) {
  const isWhole = KEYS.every((key) => typeof value?.[key] === 'string' && value[key]) && Math.abs(value.at) < DATE_MAX;
  return isWhole ? { ...value, name: value.name.slice(0, NAME_MAX), text: value.text.slice(0, TEXT_MAX) } : null;
}
