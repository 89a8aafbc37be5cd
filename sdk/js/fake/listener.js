'use strict';
/*
 * A Listener starts a client in a page and writes down all it says, so that a test can wait for it.
 */
const { EventEmitter, once } = require('node:events');

class Listener extends EventEmitter {
  messages = []; // contents
  types = [];    // of the messages
  states = [];   // "state transport"
  lost = [];
  errors = [];

  constructor(page, options) {
    super();
    this.comet = new page.iComet({
      callback: (content, type) => {
        this.types.push(type);
        this.#note(this.messages, content);
      },
      onState: (state, transport) => this.#note(this.states, `${state} ${transport}`),
      onLost: (lost) => this.#note(this.lost, { ...lost }),
      onError: (error) => this.#note(this.errors, { ...error }),
      ...options,
    });
  }

  // got resolves once the last message is content.
  async got(content) {
    await this.#until(() => this.messages.at(-1) === content);
  }

  // reached resolves once the client is in the state, at once if it already is.
  async reached(state) {
    await this.#until(() => this.states.at(-1)?.startsWith(`${state} `));
  }

  async failed(type) {
    await this.#until(() => this.errors.at(-1)?.type === type);
  }

  #note(list, entry) {
    list.push(entry);
    this.emit('news');
  }

  async #until(isSo) {
    while (!isSo()) {
      await once(this, 'news');
    }
  }
}

module.exports = { Listener };
