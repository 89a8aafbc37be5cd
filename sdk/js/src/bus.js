/**
 * Bus carries notes between the tabs that share a connection. Notes of one tab arrive in order.
 *
 * A note is {from, to, kind, ...}; from and to are tabs, without to it is for all. In order of a tab's life:
 *
 *   join      here is a tab: leader, hold on to what it wants until it is gone
 *   lead      here is the new leader: tabs, join again and say what you want
 *   state     how the leader's connection is; the answer to join, and news for all
 *   want      a want of a subscription      drop  and its end
 *   message   from the server, for all or for some holders
 *   error     of the connection
 *   command   for the server                reply  and its answer
 *   bye       this tab wants nothing any more
 */
export class Bus {
  #channel;
  #tab;

  constructor(env, name, tab, onNote) {
    this.#tab = tab;
    this.#channel = new env.BroadcastChannel(name);
    this.#channel.onmessage = ({ data: note }) => {
      if (note.to === undefined || note.to === tab) {
        onNote(note);
      }
    };
  }

  post(kind, note = {}, to = undefined) {
    this.#channel.postMessage({ ...note, kind, from: this.#tab, to });
  }

  close() {
    this.#channel.onmessage = null;
    this.#channel.close();
  }
}
