import { Backoff } from './backoff.js';
import { Chooser } from './chooser.js';

// A connection that was open this long begins the back-off anew.
const STABLE_MS = 10_000;
// Clients of a server that restarts come back spread over this time.
const SOON_MS = 5000;

/** Comeback decides over which transport, and how soon, to come back after a connection has ended. */
export class Comeback {
  #settings;
  #env;
  #chooser;
  #backoff;

  constructor(settings, env) {
    this.#settings = settings;
    this.#env = env;
    this.#chooser = new Chooser(settings.kinds, settings.choice, env);
    this.#backoff = new Backoff(settings.backoffFirstMs, settings.backoffMaxMs, env.random);
  }

  get kind() {
    return this.#chooser.kind;
  }

  /** heard notes that the transport gets through; it returns when to try a better one, 0 for never. */
  heard() {
    this.#chooser.heard();
    return this.#chooser.upgradeInMs();
  }

  upgrade() {
    this.#chooser.upgrade();
  }

  /**
   * after judges a turn by its ending. isNews is false for what was expected: a server that restarts, or a trial.
   *
   * @param {import('./turn.js').Turn} turn
   * @param {import('./endings.js').Ending} ending
   */
  after(turn, ending) {
    if (turn.openForMs >= STABLE_MS) {
      this.#backoff.reset();
    }
    const isNews = !ending.soon && !this.#chooser.isTrial;
    const fruitless = !turn.opened && !ending.reached;
    if ((fruitless || ending.condemn) && this.#chooser.failed(Boolean(ending.condemn))) {
      return { delayMs: 0, isNews };
    }
    return { delayMs: ending.soon ? this.#env.random() * SOON_MS : this.#delayMs(ending), isNews };
  }

  #delayMs({ retryAfterMs }) {
    const backoffMs = this.#backoff.next();
    return retryAfterMs === undefined ? backoffMs : retryAfterMs + this.#env.random() * this.#settings.backoffFirstMs;
  }
}
