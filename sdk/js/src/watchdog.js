import { Timer } from './timer.js';

/** Watchdog calls bark once nothing was heard for a time. Hearing something costs no timer. */
export class Watchdog {
  #env;
  #timer;
  #limitMs = 0;
  #heardAt = 0;
  #bark = () => {};

  constructor(env) {
    this.#env = env;
    this.#timer = new Timer(env);
  }

  get overdue() {
    return this.#timer.pending && this.#env.now() - this.#heardAt >= this.#limitMs;
  }

  watch(limitMs, bark) {
    this.#limitMs = limitMs;
    this.#bark = bark;
    this.heard();
    this.#wait(limitMs);
  }

  heard() {
    this.#heardAt = this.#env.now();
  }

  stop() {
    this.#timer.stop();
  }

  #wait(ms) {
    this.#timer.start(ms, () => {
      const leftMs = this.#heardAt + this.#limitMs - this.#env.now();
      if (leftMs > 0) {
        this.#wait(leftMs);
      } else {
        this.#bark();
      }
    });
  }
}
