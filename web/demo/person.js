/*
 * Who the visitor is: a name, and an id by which the room knows the person. Each tab remembers its own, so that two tabs
 * can be two people. The last one is offered to new tabs, and a tab that takes its name is the same person.
 */

const KEY = 'icomet-demo-person';

function read(storage) {
  try {
    const { client, name } = JSON.parse(storage().getItem(KEY));
    return typeof client === 'string' && client && typeof name === 'string' && name ? { client, name } : null;
  } catch {
    return null; // storage is switched off, or holds nothing of ours
  }
}

function write(storage, person) {
  try {
    storage().setItem(KEY, JSON.stringify(person));
  } catch {
    // Then the name is asked for again next time.
  }
}

const ofTab = () => sessionStorage;
const ofBrowser = () => localStorage;

/** randomId returns a name that nobody else has. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');
}

/** thisPerson is who this tab was before it was reloaded, or null. */
export function thisPerson() {
  return read(ofTab);
}

/** lastName is a name to offer. */
export function lastName() {
  return (read(ofTab) ?? read(ofBrowser))?.name ?? '';
}

/** become makes this tab the person of that name. */
export function become(name) {
  const known = [read(ofTab), read(ofBrowser)].find((person) => person?.name === name);
  const person = known ?? { client: randomId(), name };
  write(ofTab, person);
  write(ofBrowser, person);
  return person;
}
