/** An Emitter calls handlers by the name of an event. A handler that throws disturbs neither the others nor the client. */
export class Emitter {
  #handlers = new Map();
  #report;

  constructor(report) {
    this.#report = report;
  }

  /** on adds a handler and returns a function that takes it away again. */
  on(event, handler) {
    if (!this.#handlers.has(event)) {
      this.#handlers.set(event, new Set());
    }
    this.#handlers.get(event).add(handler);
    return () => this.off(event, handler);
  }

  once(event, handler) {
    const off = this.on(event, (...args) => {
      off();
      handler(...args);
    });
    return off;
  }

  off(event, handler) {
    this.#handlers.get(event)?.delete(handler);
  }

  /** emit returns whether anybody was listening. */
  emit(event, ...args) {
    const handlers = [...(this.#handlers.get(event) ?? [])];
    for (const handler of handlers) {
      try {
        handler(...args);
      } catch (error) {
        this.#report(error);
      }
    }
    return handlers.length > 0;
  }
}
