/*
 * What the tabs of one browser share: Web Locks and BroadcastChannels, as far as the client uses them.
 */
export class FakeBrowser {
  #queues = new Map();   // by name of a lock: requests in order; the first holds it, or is about to
  #channels = new Map(); // by name: open BroadcastChannels

  // tab is what a tab gets of the browser; crash() is its end without a goodbye.
  tab() {
    const alive = { is: true, channels: new Set(), entries: new Set() };
    const browser = this;
    const BroadcastChannel = class {
      onmessage = null;

      constructor(name) {
        this.name = name;
        alive.channels.add(this);
        browser.#named(browser.#channels, name, () => new Set()).add(this);
      }

      postMessage(value) {
        const copy = structuredClone(value);
        for (const other of browser.#channels.get(this.name)) {
          if (other !== this && alive.is) {
            queueMicrotask(() => other.onmessage?.({ data: copy }));
          }
        }
      }

      close() {
        browser.#channels.get(this.name).delete(this);
      }
    };
    const locks = { request: (name, { signal }, action) => this.#request(alive, name, signal, action) };
    const crash = () => {
      alive.is = false;
      alive.channels.forEach((channel) => channel.close());
      alive.entries.forEach((entry) => entry.leave());
    };
    return { env: { BroadcastChannel, locks }, crash };
  }

  #named(map, name, make) {
    if (!map.has(name)) {
      map.set(name, make());
    }
    return map.get(name);
  }

  #request(alive, name, signal, action) {
    const queue = this.#named(this.#queues, name, () => []);
    return new Promise((resolve, reject) => {
      const entry = {
        leave: () => {
          alive.entries.delete(entry);
          queue.splice(queue.indexOf(entry), 1);
          this.#grant(queue);
        },
        granted: false,
        run: async () => {
          resolve(await action({ name }));
          if (alive.is) {
            entry.leave();
          }
        },
      };
      signal.addEventListener('abort', () => {
        if (!entry.granted && alive.is) {
          entry.leave();
          reject(signal.reason);
        }
      });
      alive.entries.add(entry);
      queue.push(entry);
      this.#grant(queue);
    });
  }

  #grant([first]) {
    if (first && !first.granted) {
      first.granted = true;
      queueMicrotask(first.run);
    }
  }
}
