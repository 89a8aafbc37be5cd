import { Bus } from './bus.js';
import { Connection } from './connection.js';
import { IcometError } from './errors.js';
import { Lock } from './lock.js';
import { Timer } from './timer.js';

// An answer from the leader takes this much longer than one from the server.
const RELAY_MS = 1000;
// More commands than this do not wait for the leader.
const COMMANDS_MAX = 1000;

/** canShare tells whether tabs can share a connection in this environment. */
export function canShare(env) {
  return Boolean(env.locks && env.BroadcastChannel);
}

/**
 * SharedLink is what a tab has instead of a Connection when all tabs share one. The tab that holds a lock is the leader: it
 * has the Connection and relays. Every tab keeps its own positions, so a new leader is told by each tab where to go on, and a
 * tab that gets something twice, or too late, sees that by itself.
 */
export class SharedLink {
  #settings;
  #env;
  #port;
  #tab;
  #bus = null;
  #presence = null;      // lock: this tab is alive
  #leadership = null;    // lock: held by the leader, awaited by all others
  #connection = null;    // the leader's
  #state = { state: 'connecting', detail: {} }; // of the leader's connection
  #leader = '';          // the tab that leads, '' while unknown
  #others = new Map();   // for the leader: a lock by tab, granted when that tab is gone
  #commands = new Map(); // by number: what waits for a reply of the leader
  #lastCommand = 0;

  /**
   * @param {object} settings
   * @param {import('./connection.js').ConnectionPort & {renew: () => void}} port renew: want everything again
   */
  constructor(settings, env, port) {
    this.#settings = settings;
    this.#env = env;
    this.#port = port;
    this.#tab = settings.tab;
    this.resume();
  }

  // ---- as a Connection

  want(want) {
    if (this.#connection) {
      this.#connection.want(want);
    } else {
      this.#bus?.post('want', { want });
    }
  }

  drop(cname, holder) {
    if (this.#connection) {
      this.#connection.drop(cname, holder);
    } else {
      this.#bus?.post('drop', { cname, holder });
    }
  }

  command(command) {
    if (this.#connection) {
      return this.#connection.command(command);
    }
    if (!this.#bus || this.#commands.size >= COMMANDS_MAX) {
      return Promise.reject(this.#bus ? new IcometError('busy', 'too many commands wait for their answers') :
        new IcometError('unsupported', 'the client is closed or paused'));
    }
    return this.#ask(command);
  }

  check() {
    this.#connection?.check();
  }

  offline() {
    this.#connection?.offline();
  }

  /** suspend leaves the other tabs, quietly; if this one led them, another takes over. */
  suspend(state = 'paused') {
    if (!this.#bus) {
      return;
    }
    const connection = this.#connection;
    this.#connection = null;
    this.#bus.post('bye');
    this.#bus.close();
    this.#bus = null;
    this.#leader = '';
    connection?.close();
    [this.#presence, this.#leadership, ...this.#others.values()].forEach((lock) => lock?.release());
    this.#presence = this.#leadership = null;
    this.#others.clear();
    this.#failCommands('the connection was let go');
    this.#port.state(state, {});
  }

  resume() {
    if (this.#bus) {
      return;
    }
    this.#bus = new Bus(this.#env, this.#settings.shareName, this.#tab, (note) => this.#receive(note));
    this.#presence = new Lock(this.#env, this.#tabLock(this.#tab), (error) => error || this.#join());
    this.#leadership = new Lock(this.#env, `${this.#settings.shareName} leader`, () => this.#lead());
  }

  close() {
    this.suspend('closed');
  }

  // ---- as one of the tabs

  #tabLock(tab) {
    return `${this.#settings.shareName} tab ${tab}`;
  }

  #join() {
    if (!this.#connection) {
      this.#bus.post('join');
      this.#port.renew();
    }
  }

  #receive(note) {
    if (this.#connection) {
      this.#serve(note);
    } else if (note.kind === 'lead') {
      this.#failCommands('the tab that held the connection is gone');
      this.#leader = note.from;
      this.#join();
    } else if (note.kind === 'state') {
      this.#leader = note.from;
      this.#port.state(note.state, note.detail);
    } else if (note.from === this.#leader) {
      this.#follow(note);
    }
  }

  #follow(note) {
    switch (note.kind) {
      case 'message':
        this.#port.message(note.message, note.holders);
        break;
      case 'error':
        this.#port.error(new IcometError(note.code, note.text));
        break;
      case 'reply':
        this.#settle(note.id, note);
        break;
    }
  }

  #ask(command) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastCommand;
      const timer = new Timer(this.#env);
      this.#commands.set(id, { resolve, reject, timer });
      timer.start(this.#settings.commandTimeoutMs + RELAY_MS, () => this.#settle(id, { code: 'timeout', text: 'no answer in time' }));
      this.#bus.post('command', { id, command });
    });
  }

  #settle(id, { answer, code, text, final }) {
    const waiting = this.#commands.get(id);
    if (!waiting) {
      return;
    }
    this.#commands.delete(id);
    waiting.timer.stop();
    if (answer) {
      waiting.resolve(answer);
    } else {
      waiting.reject(new IcometError(code, text, { final }));
    }
  }

  #failCommands(text) {
    for (const id of this.#commands.keys()) {
      this.#settle(id, { code: 'connection', text });
    }
  }

  // ---- as the leader

  #lead() {
    this.#failCommands('the tab that held the connection is gone');
    this.#leader = this.#tab;
    this.#connection = new Connection(this.#settings, this.#env, {
      message: (message, holders) => this.#relay('message', { message, holders }, () => this.#port.message(message, holders)),
      state: (state, detail) => this.#relayState(state, detail),
      error: (error) => this.#relay('error', { code: error.code, text: error.message }, () => this.#port.error(error)),
    });
    this.#bus.post('lead');
    this.#port.renew();
  }

  #relay(kind, note, here) {
    this.#bus?.post(kind, note);
    here();
  }

  #relayState(state, { transport, retryInMs }) {
    if (!this.#bus) {
      return; // the end of a connection that is led no longer: the next leader tells of its own
    }
    this.#state = { state, detail: { transport, retryInMs } };
    this.#bus.post('state', this.#state);
    this.#port.state(state, this.#state.detail);
  }

  #serve(note) {
    switch (note.kind) {
      case 'join':
        this.#watch(note.from);
        this.#bus.post('state', this.#state, note.from);
        break;
      case 'want':
        this.#connection.want(note.want);
        break;
      case 'drop':
        this.#connection.drop(note.cname, note.holder);
        break;
      case 'command':
        this.#relayCommand(note);
        break;
      case 'bye':
        this.#gone(note.from);
        break;
    }
  }

  // watch waits for the lock that a tab holds as long as it lives.
  #watch(tab) {
    if (!this.#others.has(tab)) {
      this.#others.set(tab, new Lock(this.#env, this.#tabLock(tab), () => this.#gone(tab)));
    }
  }

  #gone(tab) {
    this.#others.get(tab)?.release();
    this.#others.delete(tab);
    this.#connection.leave(`${tab}.`);
  }

  #relayCommand({ id, command, from }) {
    this.#connection.command(command).then((answer) => ({ answer }), ({ code, message, final }) => ({ code, text: message, final }))
      .then((reply) => this.#bus?.post('reply', { id, ...reply }, from));
  }
}
