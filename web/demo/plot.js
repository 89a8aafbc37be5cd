const MS_PER_PX = 10;
const WINDOW_MIN_MS = 4000;
const WINDOW_MAX_MS = 10000;
const VALUE_MAX = 1000;   // of the server's points
const HOLE_MIN_MS = 20;   // points further apart than this are not joined
const MARGIN = 0.06;      // of the height, above and below

/** Plot draws the latest seconds of series into a canvas, in as many pixels as the screen has. */
export class Plot {
  #canvas;
  #series;
  #context;
  #colours = {};
  #width = 0;  // in CSS pixels
  #height = 0;
  #windowMs = WINDOW_MAX_MS;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./series.js').Series} series
   */
  constructor(canvas, series) {
    this.#canvas = canvas;
    this.#series = series;
    this.#context = canvas.getContext('2d');
    this.#readColours();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#readColours());
    new ResizeObserver(() => this.#measure()).observe(canvas);
    this.#measure();
  }

  /** draw shows what ends at the time endMs. */
  draw(endMs) {
    const context = this.#context;
    context.clearRect(0, 0, this.#width, this.#height);
    const startMs = endMs - this.#windowMs;
    this.#grid(startMs, endMs);
    const first = Math.max(0, this.#series.from(startMs) - 1);
    this.#holes(first, startMs, endMs);
    for (let line = this.#series.lines - 1; line >= 0; line--) {
      this.#line(line, first, startMs, endMs);
    }
  }

  #readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['--line', '--soft', '--bad', '--line-0', '--line-1', '--line-2']) {
      this.#colours[name] = style.getPropertyValue(name).trim();
    }
  }

  #measure() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio;
    this.#width = width;
    this.#height = height;
    this.#windowMs = Math.min(Math.max(width * MS_PER_PX, WINDOW_MIN_MS), WINDOW_MAX_MS);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  #x(ms, startMs) {
    return (ms - startMs) / this.#windowMs * this.#width;
  }

  #y(value) {
    return this.#height * (0.5 - value / VALUE_MAX * (0.5 - MARGIN));
  }

  #grid(startMs, endMs) {
    const context = this.#context;
    context.lineWidth = 1;
    context.strokeStyle = this.#colours['--line'];
    context.beginPath();
    for (let ms = Math.ceil(startMs / 1000) * 1000; ms <= endMs; ms += 1000) {
      const x = this.#x(ms, startMs);
      context.moveTo(x, 0);
      context.lineTo(x, this.#height);
    }
    for (const value of [-VALUE_MAX, 0, VALUE_MAX]) {
      context.moveTo(0, this.#y(value));
      context.lineTo(this.#width, this.#y(value));
    }
    context.stroke();
  }

  // holes shades the times that have no points.
  #holes(first, startMs, endMs) {
    const series = this.#series;
    const context = this.#context;
    context.fillStyle = this.#colours['--bad'];
    context.globalAlpha = 0.14;
    for (let n = first + 1; n < series.end && series.time(n - 1) < endMs; n++) {
      const [from, to] = [series.time(n - 1), Math.min(series.time(n), endMs)];
      if (to - from > HOLE_MIN_MS) {
        const x = this.#x(from, startMs);
        context.fillRect(x, 0, this.#x(to, startMs) - x, this.#height);
      }
    }
    context.globalAlpha = 1;
  }

  // line goes through the least and the greatest value of each column of pixels. Columns are tied to the time, not to
  // the screen, so that a peak keeps its shape while it moves.
  #line(line, first, startMs, endMs) {
    const series = this.#series;
    const context = this.#context;
    const columnMs = this.#windowMs / this.#width;
    context.beginPath();
    context.strokeStyle = this.#colours[`--line-${line}`];
    context.lineWidth = 1.75;
    context.lineJoin = 'round';
    let column = NaN;
    let low = 0;
    let high = 0;
    let joined = false;
    const stroke = () => {
      const x = this.#x(column * columnMs, startMs);
      if (joined) {
        context.lineTo(x, this.#y(low));
      } else {
        context.moveTo(x, this.#y(low));
      }
      context.lineTo(x, this.#y(high));
    };
    let before = -Infinity;
    for (let n = first; n < series.end; n++) {
      const ms = series.time(n);
      if (ms > endMs) {
        break;
      }
      const value = series.value(line, n);
      const here = Math.floor(ms / columnMs);
      if (here === column) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      } else {
        if (column === column) {
          stroke();
          joined = true;
        }
        joined = joined && ms - before <= HOLE_MIN_MS;
        column = here;
        low = high = value;
      }
      before = ms;
    }
    if (column === column) {
      stroke();
    }
    context.stroke();
  }
}
