import { foreign, unheard } from './endings.js';
import { Timer } from './timer.js';
import { TRANSPORTS } from './transport.js';

/**
 * Turn is one opened transport, from asking for a token to its end. Once it is closed or has ended it says nothing more.
 *
 * @typedef {object} TurnPort
 * @property {() => void} started the request is on its way
 * @property {(noopS: number | undefined) => void} opened the first message came, and whenever a heartbeat is told
 * @property {(message: object) => void} message
 * @property {(ending: import('./endings.js').Ending) => void} ended
 */
export class Turn {
  kind;
  opened = false;
  token = '';
  #settings;
  #env;
  #port;
  #hello;
  #transport = null;
  #gotHead = false;
  #openedAt = 0;
  #over = false;

  /** @param {TurnPort} port */
  constructor(kind, settings, env, port) {
    this.kind = kind;
    this.#settings = settings;
    this.#env = env;
    this.#port = port;
    this.#hello = new Timer(env);
  }

  /** patient transports may be silent though all is well, and do not confirm what they were asked for. */
  get patient() {
    return TRANSPORTS[this.kind].patient;
  }

  get started() {
    return this.#transport !== null;
  }

  /** takesCommands is known once the turn has started. */
  get takesCommands() {
    return Boolean(this.#transport?.send);
  }

  get openForMs() {
    return this.opened ? this.#env.now() - this.#openedAt : 0;
  }

  send(text) {
    this.#transport.send(text);
  }

  full() {
    return this.#transport.full();
  }

  /** @param {() => import('./request.js').Spec[]} channels */
  async start(channels) {
    try {
      this.token = await this.#settings.tokens.get();
    } catch (error) {
      this.#end({ code: 'token', text: `no token: ${error?.message ?? error}`, reached: true });
    }
    if (!this.#over) {
      this.#open(channels);
    }
  }

  close() {
    this.#over = true;
    this.#hello.stop();
    this.#transport?.close();
  }

  #open(channels) {
    const { url, credentials, params, helloTimeoutMs } = this.#settings;
    this.#hello.start(helloTimeoutMs, () => this.#unheard());
    try {
      this.#transport = TRANSPORTS[this.kind].open({
        env: this.#env,
        url,
        credentials,
        request: () => ({ token: this.token, params, channels: channels() }),
        onHead: () => { this.#gotHead = true; },
        onMessage: (message) => this.#over || this.#receive(message),
        onEnd: (ending) => this.#end(ending),
      });
    } catch (error) {
      this.#end({ code: 'connection', text: error.message, condemn: true });
      return;
    }
    this.#port.started();
  }

  #receive(message) {
    if (message.type === 'hello') {
      this.#heard(message.noop);
    } else if (this.opened) {
      this.#port.message(message);
    } else {
      this.#end(foreign());
    }
  }

  #heard(noopS) {
    if (!this.opened) {
      this.opened = true;
      this.#openedAt = this.#env.now();
      this.#hello.stop();
      this.#port.opened(noopS);
    }
  }

  #unheard() {
    if (this.patient) {
      this.#heard();
    } else {
      this.#end(unheard(this.#gotHead));
    }
  }

  #end(ending) {
    if (!this.#over) {
      this.close();
      this.#port.ended(ending);
    }
  }
}
