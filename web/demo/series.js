const POINTS_MAX = 1 << 14; // kept of each line, a power of two; the oldest go first

/** Series are the latest points of some lines, which have their times in common. Times only grow. */
export class Series {
  #times = new Float64Array(POINTS_MAX);
  #lines;
  #end = 0; // points added so far

  constructor(lines) {
    this.#lines = Array.from({ length: lines }, () => new Float32Array(POINTS_MAX));
  }

  get lines() {
    return this.#lines.length;
  }

  get end() {
    return this.#end;
  }

  /** The time of the newest point; -Infinity if there is none. */
  get newest() {
    return this.#end === 0 ? -Infinity : this.time(this.#end - 1);
  }

  time(n) {
    return this.#times[n % POINTS_MAX];
  }

  value(line, n) {
    return this.#lines[line][n % POINTS_MAX];
  }

  /** add takes what the server sends: the time of the first point, the time between two, and the values of each line. */
  add({ at, step, lines }) {
    for (let i = 0; i < lines[0].length; i++) {
      const place = this.#end++ % POINTS_MAX;
      this.#times[place] = at + i * step;
      this.#lines.forEach((values, line) => { values[place] = lines[line][i]; });
    }
  }

  /** from returns the number of the first point that is not older than time. */
  from(time) {
    let low = Math.max(0, this.#end - POINTS_MAX);
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.time(middle) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
