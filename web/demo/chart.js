/*
 * The live chart. Messages come twenty times a second, each with the points of 50 milliseconds; the page draws with
 * every frame, a little behind, so that the lines move smoothly whatever the pace of the messages.
 */

import { find, make } from './dom.js';
import { Clock, now } from './clock.js';
import { Line } from './line.js';
import { Meter } from './meter.js';
import { Plot } from './plot.js';
import { Series } from './series.js';

const CHANNEL = 'chart-demo';
const LINES = 3;
const SPACING_MS = 50;        // between two messages
const BEHIND_MIN_MS = 100;    // the picture is at least this old
const BEHIND_MAX_MS = 2000;
const SETTLE = 0.02;          // of the way to the right delay, with each frame
const FIGURES_MS = 500;       // between two updates of the figures

const clock = new Clock();
const series = new Series(LINES);
const plot = new Plot(find('canvas'), series);
const meter = new Meter();
const gaps = { count: 0, messages: 0 };
let behindMs = BEHIND_MIN_MS;
let latencyMs = 0;
let frames = 0;
let figuresAt = now();

function setFigure(id, value, unit) {
  find(id).replaceChildren(value, ...(unit ? [make('span', 'unit', unit)] : []));
}

function received({ event, content, data }) {
  if (event === 'full') {
    notice(`${content}. Try again in a while.`);
    return;
  }
  notice('');
  const newest = data.at + (data.lines[0].length - 1) * data.step;
  const late = clock.now - newest;
  series.add(data);
  meter.add(now(), data.lines[0].length * LINES, Math.max(0, late));
}

function missed({ from, to }) {
  gaps.count++;
  gaps.messages += Math.max(0, to - from + 1);
  setFigure('gaps', gaps.count, `${gaps.messages} messages`);
}

function notice(text) {
  find('notice').textContent = text;
  find('notice').hidden = text === '';
}

function showFigures(at) {
  const figures = meter.read(at);
  latencyMs = figures?.latencyMs ?? latencyMs;
  setFigure('rate', (figures ? Math.round(figures.rate / 10) * 10 : 0).toLocaleString('en'));
  setFigure('latency', figures ? figures.latencyMs.toFixed(figures.latencyMs < 10 ? 1 : 0) : '–', figures && 'ms');
  setFigure('frames', Math.round(frames * 1000 / (at - figuresAt)));
  frames = 0;
  figuresAt = at;
}

function frame() {
  const at = now();
  frames++;
  if (at - figuresAt >= FIGURES_MS) {
    showFigures(at);
  }
  const wanted = Math.min(Math.max(latencyMs + 1.5 * SPACING_MS, BEHIND_MIN_MS), BEHIND_MAX_MS);
  behindMs += (wanted - behindMs) * SETTLE;
  if (!line.isCut) {
    plot.draw(clock.now - behindMs);
  }
  requestAnimationFrame(frame);
}

const line = new Line(CHANNEL, null, {
  message: received,
  gap: missed,
  error: ({ message }) => notice(`The server says: ${message}`),
  close: ({ reason }) => reason !== 'closed' || notice('The channel was closed.'),
});

find('cut').addEventListener('click', () => {
  if (line.isCut) {
    line.join();
  } else {
    line.cut();
    meter.clear();
  }
  find('cut').textContent = line.isCut ? 'Connect again' : 'Cut the connection';
});

await clock.set().catch(() => {}); // then latencies are as wrong as the clocks are
line.join();
requestAnimationFrame(frame);
