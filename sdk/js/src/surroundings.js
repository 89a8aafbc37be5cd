/**
 * What the client takes from the world around it, in one object, so that tests (and Node) can hand in their own.
 *
 * @typedef {object} Surroundings
 * @property {(action: () => void, ms: number) => any} setTimeout
 * @property {(id: any) => void} clearTimeout
 * @property {() => number} now milliseconds since 1970
 * @property {() => number} random from 0 to less than 1
 * @property {() => string} newId a name that no other tab has
 * @property {typeof fetch} [fetch]
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof BroadcastChannel} [BroadcastChannel]
 * @property {LockManager} [locks]
 * @property {Storage} [storage]
 * @property {EventTarget} [window] tells of online, offline, pagehide and pageshow
 * @property {EventTarget & {visibilityState: string}} [document] tells of visibilitychange, freeze and resume
 * @property {() => boolean} online
 * @property {(error: unknown) => void} report gets what a handler has thrown, and errors that nobody listens to
 */

// sessionStorageOf is undefined where the browser forbids it, which it does by throwing.
function sessionStorageOf(root) {
  try {
    return root.sessionStorage;
  } catch {
    return undefined;
  }
}

/** @returns {Surroundings} */
export function surroundings(overrides = {}) {
  const root = globalThis;
  return {
    setTimeout: (action, ms) => root.setTimeout(action, ms),
    clearTimeout: (id) => root.clearTimeout(id),
    now: () => Date.now(),
    random: () => Math.random(),
    newId: () => Math.random().toString(36).slice(2) + Date.now().toString(36),
    fetch: root.fetch && ((url, options) => root.fetch(url, options)),
    WebSocket: root.WebSocket,
    BroadcastChannel: root.BroadcastChannel,
    locks: root.navigator?.locks,
    storage: sessionStorageOf(root),
    window: root.document && root,
    document: root.document,
    online: () => root.navigator?.onLine !== false,
    report: (error) => console.error(error),
    ...overrides,
  };
}
