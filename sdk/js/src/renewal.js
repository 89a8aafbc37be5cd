import { Timer } from './timer.js';
import { expiryMs } from './tokens.js';

// A token is renewed this long before it ends, or halfway to its end if that is later.
const AHEAD_MS = 30_000;
// Browsers wait no longer than this, 24 days.
const WAIT_MAX_MS = 2 ** 31 - 1;

/** Renewal gives an open WebSocket a fresh token before its own ends, so that the connection can stay. */
export class Renewal {
  #env;
  #tokens;
  #authorize;
  #timer;

  /** @param {(token: string) => Promise<unknown>} authorize hands a token to the server */
  constructor(env, tokens, authorize) {
    this.#env = env;
    this.#tokens = tokens;
    this.#authorize = authorize;
    this.#timer = new Timer(env);
  }

  schedule(token) {
    const leftMs = expiryMs(token) - this.#env.now();
    if (this.#tokens.renewable && leftMs > 0) {
      this.#timer.start(Math.min(Math.max(leftMs - AHEAD_MS, leftMs / 2), WAIT_MAX_MS), () => this.#renew(token));
    }
  }

  stop() {
    this.#timer.stop();
  }

  async #renew(old) {
    this.#tokens.forget();
    try {
      const token = await this.#tokens.get();
      if (token !== old && await this.#authorize(token)) {
        this.schedule(token);
      }
    } catch {
      // The server closes the connection when the old token ends; coming back gets a new one, or the error shows.
    }
  }
}
