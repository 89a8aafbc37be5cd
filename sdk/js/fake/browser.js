'use strict';
/*
 * A page for icomet.js to run in: the script is loaded as a browser would, with a clock that only a test moves,
 * and, as the test wants, EventSource, fetch and a document for JSONP. All requests are real ones.
 */
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const vm = require('node:vm');
const { Clock } = require('./clock.js');

const SOURCE = path.join(__dirname, '..', 'icomet.js');

// eventSource makes an EventSource class that resolves addresses against origin. Unlike a browser's it never
// reconnects by itself; readyState after an error tells apart what a browser would retry (0) and not (2).
function eventSource(origin) {
  return class EventSource {
    static live = new Set(); // those not closed
    readyState = 0;
    #request;
    #text = '';

    constructor(url) {
      EventSource.live.add(this);
      this.#request = http.get(new URL(url, origin), { agent: false }, (response) => this.#read(response));
      this.#request.on('error', () => this.#fail(0));
    }

    close() {
      EventSource.live.delete(this);
      this.readyState = 2;
      this.#request.destroy();
    }

    #read(response) {
      if (response.statusCode !== 200 || !/^text\/event-stream/.test(response.headers['content-type'])) {
        this.#fail(2);
        return;
      }
      this.readyState = 1;
      this.onopen({});
      response.setEncoding('utf8');
      response.on('data', (piece) => this.#take(piece));
      response.on('end', () => this.#fail(0));
      response.on('error', () => this.#fail(0));
    }

    #take(piece) {
      const blocks = (this.#text + piece).split('\n\n');
      this.#text = blocks.pop();
      for (const block of blocks) {
        if (this.readyState === 1) {
          this.onmessage({ data: block.replace(/^data: /, '') });
        }
      }
    }

    #fail(readyState) {
      if (this.readyState !== 2) {
        this.readyState = readyState;
        this.onerror({});
      }
    }
  };
}

// load gets the text behind url, or fails unless the status is 200 and all of it came.
async function load(url) {
  const request = http.get(url, { agent: false });
  const [response] = await once(request, 'response');
  const text = (await response.setEncoding('utf8').toArray()).join('');
  if (response.statusCode !== 200) {
    throw new Error(response.statusMessage);
  }
  return text;
}

// pageDocument runs the scripts that are appended to its head, which is all that JSONP needs.
function pageDocument(run) {
  const head = {
    scripts: new Set(),
    appendChild(script) {
      head.scripts.add(script);
      script.parentNode = head;
      load(script.src).then((text) => {
        run(text);
        script.onload({});
      }, () => script.onerror({}));
    },
    removeChild(script) {
      head.scripts.delete(script);
    },
  };
  return { head, createElement: () => ({}) };
}

// openPage gives {iComet, clock, window}. origin is where the page comes from; without: {EventSource, fetch,
// document} name what the browser lacks. random is what Math.random returns in the page.
function openPage({ origin, without = [], random = 0.5 }) {
  const clock = new Clock();
  const listeners = new Map();
  const { protocol, host } = new URL(origin);
  const window = {
    location: { protocol, host },
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    fetch: (url, options) => fetch(new URL(url, origin), options),
    EventSource: eventSource(origin),
    AbortController,
    console: { errors: [], error(error) { this.errors.push(error); } },
    addEventListener: (type, listener) => listeners.set(type, listener),
    removeEventListener: (type) => listeners.delete(type),
  };
  window.document = pageDocument((text) => vm.runInContext(text, window));
  without.forEach((name) => delete window[name]);
  vm.createContext(window);
  vm.runInContext(`Math.random = function () { return ${random}; };`, window);
  vm.runInContext(fs.readFileSync(SOURCE, 'utf8'), window, { filename: SOURCE });
  return { iComet: window.iComet, clock, window, listeners };
}

module.exports = { openPage };
