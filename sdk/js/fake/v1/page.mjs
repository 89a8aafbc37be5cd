/*
 * A page for the client to run in: a clock that only a test moves, events of the page, storage, and real connections.
 */
import clock from '../clock.js';
import { FakeWebSocket } from './websocket.mjs';

// Target is an EventTarget that knows how many listeners it has.
export class Target extends EventTarget {
  visibilityState = 'visible';
  listeners = 0;

  addEventListener(...args) {
    this.listeners++;
    super.addEventListener(...args);
  }

  removeEventListener(...args) {
    this.listeners--;
    super.removeEventListener(...args);
  }

  tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

export class FakeStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }
}

export class Page {
  static #tabs = 0;

  clock = new clock.Clock();
  window = new Target();
  document = new Target();
  storage = new FakeStorage();
  isOnline = true;
  chance = 0.5;   // what random gives
  reported = [];  // what was reported as nobody's error
  sockets = new Set();

  // env is what the client gets. A wait of nothing is a real turn of Node's loop, so that it needs no clock.
  env(more = {}) {
    return {
      setTimeout: (action, ms) => (ms === 0 ? setImmediate(action) : this.clock.setTimeout(action, ms)),
      clearTimeout: (id) => (typeof id === 'number' ? this.clock.clearTimeout(id) : clearImmediate(id)),
      now: this.clock.now,
      random: () => this.chance,
      newId: () => `tab${++Page.#tabs}`,
      fetch,
      WebSocket: FakeWebSocket,
      window: this.window,
      document: this.document,
      storage: this.storage,
      online: () => this.isOnline,
      report: (error) => this.reported.push(error),
      ...more,
    };
  }

  goOffline() {
    this.isOnline = false;
    this.window.tell('offline');
  }

  goOnline() {
    this.isOnline = true;
    this.window.tell('online');
  }

  setVisible(isVisible) {
    this.document.visibilityState = isVisible ? 'visible' : 'hidden';
    this.document.tell('visibilitychange');
  }

  // leftovers lists what a closed client should not have left.
  leftovers() {
    return {
      timers: this.clock.delays().length,
      listeners: this.window.listeners + this.document.listeners,
    };
  }
}
