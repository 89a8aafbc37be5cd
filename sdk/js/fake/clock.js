'use strict';

// Clock holds timers until advance is called.
class Clock {
  #now = 0;
  #last = 0;
  #timers = new Map();

  now = () => this.#now;

  setTimeout = (action, ms) => {
    this.#timers.set(++this.#last, { due: this.#now + ms, action });
    return this.#last;
  };

  clearTimeout = (id) => {
    this.#timers.delete(id);
  };

  // delays lists what is pending, as milliseconds from now.
  delays() {
    return [...this.#timers.values()].map((timer) => timer.due - this.#now);
  }

  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const [id, timer] = [...this.#timers].sort((a, b) => a[1].due - b[1].due)[0] || [];
      if (!timer || timer.due > end) {
        break;
      }
      this.#timers.delete(id);
      this.#now = timer.due;
      timer.action();
    }
    this.#now = end;
  }
}

module.exports = { Clock };
