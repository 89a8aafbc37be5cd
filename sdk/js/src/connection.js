import { Comeback } from './comeback.js';
import { Commands } from './commands.js';
import { IcometError } from './errors.js';
import { silent } from './endings.js';
import { Feeds } from './feeds.js';
import { Renewal } from './renewal.js';
import { subscribeCommands } from './subscribe_commands.js';
import { Timer } from './timer.js';
import { Turn } from './turn.js';
import { Watchdog } from './watchdog.js';

// Silence is tolerated for the server's heartbeat times this, and this much more.
const NOOP_FACTOR = 1.5;
const NOOP_MARGIN_MS = 5000;
// The heartbeat of a server that has not told it: polls have no hello.
const NOOP_DEFAULT_S = 60;
// A tab that becomes visible expects an answer within this time.
const PING_TIMEOUT_MS = 5000;

/**
 * Connection holds one connection for any number of channels, over whatever transport gets through, and replaces it when
 * it is lost. It lives in turns: a turn is one opened transport.
 *
 * @typedef {object} ConnectionPort
 * @property {(message: object, holders: string[] | null) => void} message holders: whom it is for, null: all
 * @property {(state: string, detail: object) => void} state
 * @property {(error: IcometError) => void} error
 */
export class Connection {
  #settings;
  #env;
  #port;
  #tokens;
  #comeback;
  #commands;
  #feeds;
  #renewal;
  #watchdog;
  #retry;    // timer: the wait for the next attempt
  #upgrade;  // timer: a better transport is due for another trial
  #change;   // timer: gathers changes of the list of channels
  #turn = null;
  #suspended = false;
  #noopS = NOOP_DEFAULT_S;
  #notBefore = 0; // the server has asked to be left alone until then

  /** @param {ConnectionPort} port */
  constructor(settings, env, port) {
    this.#settings = settings;
    this.#env = env;
    this.#port = port;
    this.#tokens = settings.tokens;
    this.#comeback = new Comeback(settings, env);
    this.#commands = new Commands(env, settings.commandTimeoutMs);
    this.#feeds = new Feeds(env, {
      deliver: (message, holders) => this.#port.message(message, holders),
      changed: () => this.#changed(),
      renewable: () => this.#tokens.renewable,
    });
    this.#renewal = new Renewal(env, this.#tokens, (token) => this.command({ cmd: 'auth', token }));
    this.#watchdog = new Watchdog(env);
    this.#retry = new Timer(env);
    this.#upgrade = new Timer(env);
    this.#change = new Timer(env);
  }

  // ---- what holders ask for

  want(want) {
    this.#feeds.want(want);
  }

  drop(cname, holder) {
    this.#feeds.drop(cname, holder);
  }

  leave(prefix) {
    this.#feeds.leave(prefix);
  }

  /** command resolves to the server's answer. Only WebSockets take commands. */
  command(command, timeoutMs) {
    const turn = this.#turn;
    if (this.#suspended || (turn?.opened && !turn.takesCommands)) {
      return Promise.reject(new IcometError('unsupported', this.#suspended ?
        'the client is closed or paused' : 'this needs a WebSocket, and none gets through'));
    }
    const answer = this.#commands.add(command, timeoutMs);
    if (turn?.takesCommands) {
      this.#sync();
    } else {
      this.#changed();
    }
    return answer;
  }

  // ---- what happens around

  /** check makes sure, at once, that the connection is what it seems to be. */
  check() {
    const turn = this.#turn;
    if (this.#retry.pending) {
      this.#retryNow();
    } else if (this.#watchdog.overdue) {
      this.#ended(turn, silent());
    } else if (turn?.opened && turn.takesCommands) {
      this.command({ cmd: 'ping' }, PING_TIMEOUT_MS).catch(() => this.#ended(turn, silent()));
    }
  }

  #retryNow() {
    if (this.#env.now() >= this.#notBefore) {
      this.#connect();
    }
  }

  /** offline lets go of the connection; online, or a slow retry, brings it back. */
  offline() {
    if (this.#turn || this.#retry.pending) {
      this.#endTurn();
      this.#wait(this.#settings.backoffMaxMs);
    }
  }

  /** suspend ends everything quietly, until resume; what holders want is kept. */
  suspend(state = 'paused') {
    this.#suspended = true;
    this.#endTurn();
    this.#feeds.stop();
    this.#retry.stop();
    this.#change.stop();
    this.#commands.failAll('connection', 'the connection was let go');
    this.#port.state(state, {});
  }

  resume() {
    if (this.#suspended) {
      this.#suspended = false;
      this.#feeds.wake();
      this.#changed();
    }
  }

  close() {
    this.suspend('closed');
  }

  // ---- turns

  #changed() {
    if (!this.#suspended && !this.#change.pending) {
      this.#change.start(this.#settings.gatherMs, () => this.#apply());
    }
  }

  // apply makes the connection what is wanted now.
  #apply() {
    const turn = this.#turn;
    if (!this.#needed()) {
      this.#endTurn();
      this.#retry.stop();
      this.#port.state(this.#feeds.size > 0 ? 'waiting' : 'idle', {});
    } else if (!turn) {
      if (!this.#retry.pending) {
        this.#connect();
      }
    } else if (turn.takesCommands) {
      this.#sync();
    } else if (turn.started && this.#feeds.stale) {
      this.#connect(turn.opened);
    }
  }

  #needed() {
    return this.#feeds.askable.length > 0 || this.#commands.size > 0 || (this.#feeds.size > 0 && this.#turn?.takesCommands === true);
  }

  // connect begins a turn. A quiet one changes the list of channels of an open connection, and is no news.
  #connect(quiet = false) {
    this.#endTurn();
    const turn = new Turn(this.#comeback.kind, this.#settings, this.#env, {
      started: () => turn.takesCommands || this.#feeds.asked(this.#feeds.askable, this.#commands.nextId()),
      opened: (noopS) => this.#opened(turn, noopS),
      message: (message) => this.#receive(turn, message),
      ended: (ending) => this.#ended(turn, ending),
    });
    this.#turn = turn;
    if (!quiet) {
      this.#port.state('connecting', { transport: turn.kind });
    }
    turn.start(() => this.#feeds.askable.map((feed) => feed.spec()));
  }

  #opened(turn, noopS) {
    this.#noopS = noopS || this.#noopS;
    this.#watchdog.watch(this.#noopS * 1000 * NOOP_FACTOR + NOOP_MARGIN_MS, () => this.#ended(turn, silent()));
    this.#planUpgrade(this.#comeback.heard());
    this.#port.state('open', { transport: turn.kind });
    if (turn.takesCommands) {
      this.#renewal.schedule(turn.token);
      this.#sync();
      return;
    }
    this.#commands.failAll('unsupported', 'this needs a WebSocket, and none gets through');
    if (turn.patient) {
      this.#feeds.confirm();
    }
  }

  #receive(turn, message) {
    this.#watchdog.heard();
    if (message.type === 'noop' || this.#commands.take(message)) {
      return;
    }
    const ending = this.#feeds.receive(message);
    if (ending) {
      this.#ended(turn, ending);
    } else if (message.type === 'error' && message.cname === undefined) {
      this.#refused(turn, message);
    }
  }

  #refused(turn, { code, text }) {
    if (code === 401 && this.#tokens.renewable) {
      this.#ended(turn, { code, text, token: true, reached: true });
    } else {
      this.#port.error(new IcometError(code, text));
    }
  }

  // sync tells an open WebSocket what has changed, and what is to be done.
  #sync() {
    const turn = this.#turn;
    if (!turn.opened) {
      return;
    }
    this.#feeds.takeGone().forEach((cname) => turn.send(JSON.stringify({ cmd: 'unsubscribe', cname })));
    for (const { id, text, feeds } of subscribeCommands(this.#feeds.unasked, () => this.#commands.nextId())) {
      turn.send(text);
      this.#feeds.asked(feeds, id);
    }
    this.#commands.flush(turn);
  }

  #planUpgrade(ms) {
    if (ms > 0) {
      this.#upgrade.start(ms, () => {
        this.#comeback.upgrade();
        this.#connect(true);
      });
    }
  }

  #ended(turn, ending) {
    if (turn !== this.#turn) {
      return;
    }
    const isExpected = ending.code === 'end' && !this.#feeds.asking; // all channels that it was for are closed or refused
    this.#endTurn();
    if (isExpected || !this.#needed()) {
      this.#changed();
      return;
    }
    if (ending.token) {
      this.#tokens.forget();
    }
    this.#notBefore = this.#env.now() + (ending.retryAfterMs ?? 0);
    const { delayMs, isNews } = this.#comeback.after(turn, ending);
    const error = new IcometError(ending.code, ending.text);
    if (isNews) {
      this.#port.error(error);
    }
    if (!this.#turn && !this.#suspended) {
      this.#wait(delayMs, error);
    }
  }

  #wait(delayMs, error) {
    const online = this.#env.online();
    const ms = online ? delayMs : Math.max(delayMs, this.#settings.backoffMaxMs);
    this.#retry.start(ms, () => this.#connect());
    this.#port.state(online ? 'waiting' : 'offline', { retryInMs: ms, error });
  }

  #endTurn() {
    const turn = this.#turn;
    this.#turn = null;
    this.#upgrade.stop();
    this.#retry.stop();
    this.#watchdog.stop();
    this.#renewal.stop();
    turn?.close();
    this.#feeds.lost();
    this.#commands.lost();
  }
}
