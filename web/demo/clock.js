const ASKS = 5;

/** now is the time here in milliseconds, with parts of them. */
export function now() {
  return performance.timeOrigin + performance.now();
}

/** Clock tells the time of the server. It takes the quickest of some answers, since that one is the least wrong. */
export class Clock {
  #offsetMs = 0;

  get now() {
    return now() + this.#offsetMs;
  }

  async set() {
    let bestMs = Infinity;
    for (let i = 0; i < ASKS; i++) {
      const asked = now();
      const response = await fetch('/demo/chart/clock');
      const told = (await response.json()).now;
      const answered = now();
      if (answered - asked < bestMs) {
        bestMs = answered - asked;
        this.#offsetMs = told - (asked + answered) / 2;
      }
    }
  }
}
