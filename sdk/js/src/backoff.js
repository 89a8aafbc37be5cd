/**
 * Backoff gives the time to wait before the next attempt: by chance between nothing and a bound that doubles with each
 * attempt. The whole range is used, so that clients that lost their server together do not come back together.
 */
export class Backoff {
  #firstMs;
  #maxMs;
  #random;
  #attempts = 0;

  constructor(firstMs, maxMs, random) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next() {
    const boundMs = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts++;
    return this.#random() * boundMs;
  }

  reset() {
    this.#attempts = 0;
  }
}
