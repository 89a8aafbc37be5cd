/**
 * Queue holds messages for one `for await` loop. It has a bound: when the loop is too slow, the oldest are dropped, and
 * onDrop gets each of them.
 */
export class Queue {
  #max;
  #onDrop;
  #onReturn;
  #messages = [];
  #readers = [];  // waiting calls of next, each {resolve, reject}
  #end = null;    // {error} once nothing more will come

  constructor(max, onDrop, onReturn) {
    this.#max = max;
    this.#onDrop = onDrop;
    this.#onReturn = onReturn;
  }

  push(message) {
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value: message, done: false });
      return;
    }
    this.#messages.push(message);
    if (this.#messages.length > this.#max) {
      this.#onDrop(this.#messages.shift());
    }
  }

  /** finish ends the loop after what is still queued; with an error it throws there. */
  finish(error) {
    this.#end ??= { error };
    for (const reader of this.#readers.splice(0)) {
      this.#settle(reader);
    }
  }

  next() {
    return new Promise((resolve, reject) => {
      if (this.#messages.length > 0) {
        resolve({ value: this.#messages.shift(), done: false });
      } else if (this.#end) {
        this.#settle({ resolve, reject });
      } else {
        this.#readers.push({ resolve, reject });
      }
    });
  }

  return() {
    this.#messages = [];
    this.finish();
    this.#onReturn();
    return Promise.resolve({ value: undefined, done: true });
  }

  // settle tells a reader of the end; an error is told once.
  #settle({ resolve, reject }) {
    const { error } = this.#end;
    this.#end = {};
    if (error) {
      reject(error);
    } else {
      resolve({ value: undefined, done: true });
    }
  }
}
