/**
 * Tokens keeps the token of a connection until it is refused or runs out, and asks the application for another.
 * The application's function is never asked twice at a time.
 */
export class Tokens {
  #source;
  #token = null;
  #asked = null;

  /** @param {string | (() => string | Promise<string>) | undefined} source */
  constructor(source) {
    this.#source = source;
  }

  get renewable() {
    return typeof this.#source === 'function';
  }

  /** get rejects with what the application's function throws. */
  async get() {
    if (!this.renewable) {
      return this.#source ?? '';
    }
    if (this.#token !== null) {
      return this.#token;
    }
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  /** forget makes the next get ask for a new token. */
  forget() {
    this.#token = null;
  }

  async #ask() {
    try {
      this.#token = String(await this.#source() ?? '');
      return this.#token;
    } finally {
      this.#asked = null;
    }
  }
}

/** expiryMs is when a JWT ends, in milliseconds since 1970; 0 for a token that does not say. */
export function expiryMs(token) {
  try {
    const claims = JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
    return Number.isFinite(claims.exp) ? claims.exp * 1000 : 0;
  } catch {
    return 0;
  }
}
