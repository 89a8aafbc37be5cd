const SPAN_MS = 2000; // figures are about this time

/** Meter counts what comes over the last seconds, and how late it is. */
export class Meter {
  #batches = []; // {at, points, latencyMs}, oldest first
  #since = NaN;

  add(at, points, latencyMs) {
    const isFirst = this.#batches.length === 0; // its points are of the time before
    if (isFirst) {
      this.#since = at;
    }
    this.#batches.push({ at, points: isFirst ? 0 : points, latencyMs });
  }

  clear() {
    this.#batches = [];
  }

  /** read returns {rate, latencyMs}: points a second, and the median; null where nothing came. */
  read(at) {
    this.#batches = this.#batches.filter((batch) => batch.at > at - SPAN_MS);
    if (this.#batches.length === 0) {
      return null;
    }
    const spanMs = Math.max(1, Math.min(SPAN_MS, at - this.#since));
    const latencies = this.#batches.map((batch) => batch.latencyMs).sort((a, b) => a - b);
    const points = this.#batches.reduce((sum, batch) => sum + batch.points, 0);
    return { rate: points / spanMs * 1000, latencyMs: latencies[latencies.length >> 1] };
  }
}
