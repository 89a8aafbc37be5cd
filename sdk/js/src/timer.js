/** A Timer has at most one action pending. */
export class Timer {
  #env;
  #id = null;

  constructor(env) {
    this.#env = env;
  }

  get pending() {
    return this.#id !== null;
  }

  /** start replaces what is pending. */
  start(ms, action) {
    this.stop();
    this.#id = this.#env.setTimeout(() => {
      this.#id = null;
      action();
    }, ms);
  }

  stop() {
    if (this.#id !== null) {
      this.#env.clearTimeout(this.#id);
      this.#id = null;
    }
  }
}
