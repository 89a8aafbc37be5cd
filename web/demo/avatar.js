import { make } from './dom.js';

const HUES = 8; // in chat.css

/** avatarOf returns the sign of a name, and the class of whatever has its colour. */
export function avatarOf(name) {
  const characters = Array.from(name);
  const sum = characters.reduce((total, character) => (total * 31 + character.codePointAt(0)) >>> 0, 0);
  const avatar = make('span', 'avatar', characters[0].toUpperCase());
  avatar.setAttribute('aria-hidden', 'true');
  return { avatar, hue: `hue-${sum % HUES}` };
}
