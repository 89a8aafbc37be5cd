import { IcometError } from './errors.js';
import { Timer } from './timer.js';

// More commands than this do not wait for a connection or an answer.
const COMMANDS_MAX = 1000;
// The server takes no longer command, and would close the connection.
const COMMAND_BYTES_MAX = 65536;

/** Commands are what the application has asked of the server and not been answered yet. */
export class Commands {
  #env;
  #timeoutMs;
  #lastId = 0;
  #pending = new Map(); // by id: {text, sent, timer, resolve, reject}

  constructor(env, timeoutMs) {
    this.#env = env;
    this.#timeoutMs = timeoutMs;
  }

  get size() {
    return this.#pending.size;
  }

  nextId() {
    return ++this.#lastId;
  }

  /** add gives the promise of an answer. The command is sent by flush. */
  add(command, timeoutMs = this.#timeoutMs) {
    const id = this.nextId();
    const text = JSON.stringify({ id, ...command });
    if (new TextEncoder().encode(text).length > COMMAND_BYTES_MAX) {
      return Promise.reject(new IcometError(413, 'the message is too large for the connection'));
    }
    if (this.#pending.size >= COMMANDS_MAX) {
      return Promise.reject(new IcometError('busy', 'too many commands wait for their answers'));
    }
    return new Promise((resolve, reject) => {
      const timer = new Timer(this.#env);
      timer.start(timeoutMs, () => this.#fail(id, new IcometError('timeout', 'the server has not answered in time')));
      this.#pending.set(id, { text, sent: false, timer, resolve, reject });
    });
  }

  /** flush sends what was not sent yet, and fails what there is no room for. */
  flush(transport) {
    for (const [id, command] of this.#pending) {
      if (!command.sent && transport.full()) {
        this.#fail(id, new IcometError('busy', 'too much waits to be sent'));
      } else if (!command.sent) {
        transport.send(command.text);
        command.sent = true;
      }
    }
  }

  /** take returns whether message was the answer to a command. */
  take(message) {
    const command = this.#pending.get(message.id);
    if (!command) {
      return false;
    }
    if (message.type === 'error') {
      this.#fail(message.id, new IcometError(message.code, message.text, { channel: message.cname, final: true }));
    } else {
      this.#pending.delete(message.id);
      command.timer.stop();
      command.resolve(message);
    }
    return true;
  }

  /** lost fails what was sent: nobody knows whether the server has done it. */
  lost() {
    for (const [id, command] of this.#pending) {
      if (command.sent) {
        this.#fail(id, new IcometError('connection', 'the connection was lost before the answer'));
      }
    }
  }

  failAll(code, text) {
    for (const id of this.#pending.keys()) {
      this.#fail(id, new IcometError(code, text));
    }
  }

  #fail(id, error) {
    const command = this.#pending.get(id);
    this.#pending.delete(id);
    command.timer.stop();
    command.reject(error);
  }
}
