import { Timer } from './timer.js';

/**
 * Lifecycle tells a link what happens to the page: the network going and coming, the tab being hidden, shown, frozen
 * and put away.
 */
export class Lifecycle {
  #env;
  #link;
  #pauseHiddenMs;
  #hidden;
  #listeners = [];

  /** @param {number} pauseHiddenMs how long a hidden tab stays connected; 0: as long as the browser lets it */
  constructor(env, link, pauseHiddenMs) {
    this.#env = env;
    this.#link = link;
    this.#pauseHiddenMs = pauseHiddenMs;
    this.#hidden = new Timer(env);
    this.#listen(env.window, 'online', () => link.check());
    this.#listen(env.window, 'offline', () => link.offline());
    this.#listen(env.window, 'pagehide', () => link.suspend());
    this.#listen(env.window, 'pageshow', () => link.resume());
    this.#listen(env.document, 'freeze', () => link.suspend());
    this.#listen(env.document, 'resume', () => link.resume());
    this.#listen(env.document, 'visibilitychange', () => this.#visibility());
    this.#visibility();
  }

  close() {
    this.#hidden.stop();
    for (const [target, event, handler] of this.#listeners.splice(0)) {
      target.removeEventListener(event, handler);
    }
  }

  #listen(target, event, handler) {
    if (target) {
      target.addEventListener(event, handler);
      this.#listeners.push([target, event, handler]);
    }
  }

  #visibility() {
    if (this.#env.document?.visibilityState !== 'hidden') {
      this.#hidden.stop();
      this.#link.resume();
      this.#link.check();
    } else if (this.#pauseHiddenMs > 0) {
      this.#hidden.start(this.#pauseHiddenMs, () => this.#link.suspend());
    }
  }
}
