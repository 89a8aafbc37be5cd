/**
 * Lock holds a Web Lock, or waits for it, until it is released. The browser releases it too when the tab ends
 * in whatever way, which is how other tabs learn of that.
 */
export class Lock {
  #abort = new AbortController();
  #release = () => {};
  #released = false;

  /** @param {(error?: unknown) => void} onHeld with an error where the browser gives no locks to this page */
  constructor(env, name, onHeld) {
    env.locks.request(name, { signal: this.#abort.signal }, () => this.#hold(onHeld)).catch((error) => {
      if (!this.#released) {
        onHeld(error);
      }
    });
  }

  release() {
    this.#released = true;
    this.#abort.abort();
    this.#release();
  }

  #hold(onHeld) {
    if (this.#released) {
      return undefined;
    }
    return new Promise((resolve) => {
      this.#release = resolve;
      onHeld();
    });
  }
}
