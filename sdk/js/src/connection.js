import { Backoff } from './backoff.js';
import { Chooser } from './chooser.js';
import { Commands } from './commands.js';
import { IcometError } from './errors.js';
import { foreign, silent, unheard } from './endings.js';
import { Feeds } from './feeds.js';
import { Renewal } from './renewal.js';
import { subscribeCommands } from './subscribe_commands.js';
import { Timer } from './timer.js';
import { TRANSPORTS } from './transport.js';
import { Watchdog } from './watchdog.js';

// Silence is tolerated for the server's heartbeat times this, and this much more.
const NOOP_FACTOR = 1.5;
const NOOP_MARGIN_MS = 5000;
// The heartbeat of a server that has not told it: polls have no hello.
const NOOP_DEFAULT_S = 60;
// A connection that was open this long begins the back-off anew.
const STABLE_MS = 10_000;
// Clients of a server that restarts come back spread over this time.
const SOON_MS = 5000;
// A tab that becomes visible expects an answer within this time.
const PING_TIMEOUT_MS = 5000;

/**
 * Connection holds one connection for any number of channels, over whatever transport gets through, and replaces it when
 * it is lost. It lives in turns: a turn is one opened transport, and what a former turn still says is ignored.
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
  #chooser;
  #backoff;
  #commands;
  #feeds;
  #renewal;
  #watchdog;
  #hello;    // timer: the first message is late
  #retry;    // timer: the wait for the next attempt
  #upgrade;  // timer: a better transport is due for another trial
  #change;   // timer: gathers changes of the list of channels
  #turn = null;
  #suspended = false;
  #noopS = NOOP_DEFAULT_S;

  /** @param {ConnectionPort} port */
  constructor(settings, env, port) {
    this.#settings = settings;
    this.#env = env;
    this.#port = port;
    this.#tokens = settings.tokens;
    this.#chooser = new Chooser(settings.kinds, settings.choice, env);
    this.#backoff = new Backoff(settings.backoffFirstMs, settings.backoffMaxMs, env.random);
    this.#commands = new Commands(env, settings.commandTimeoutMs);
    this.#feeds = new Feeds(env, {
      deliver: (message, holders) => this.#port.message(message, holders),
      changed: () => this.#changed(),
      renewable: () => this.#tokens.renewable,
    });
    this.#renewal = new Renewal(env, this.#tokens, (token) => this.command({ cmd: 'auth', token }));
    this.#watchdog = new Watchdog(env);
    [this.#hello, this.#retry, this.#upgrade, this.#change] = [0, 1, 2, 3].map(() => new Timer(env));
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
    if (this.#suspended || (turn?.opened && !turn.transport.send)) {
      return Promise.reject(new IcometError('unsupported', this.#suspended ?
        'the client is closed or paused' : 'this needs a WebSocket, and none gets through'));
    }
    const answer = this.#commands.add(command, timeoutMs);
    this.#flush();
    this.#changed();
    return answer;
  }

  // ---- what happens around

  /** check makes sure, at once, that the connection is what it seems to be. */
  check() {
    const turn = this.#turn;
    if (this.#retry.pending) {
      this.#connect();
    } else if (this.#watchdog.overdue) {
      this.#ended(turn, silent());
    } else if (turn?.opened && turn.transport.send) {
      this.command({ cmd: 'ping' }, PING_TIMEOUT_MS).catch(() => this.#ended(turn, silent()));
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
    } else if (turn.transport?.send) {
      this.#sync();
    } else if (turn.transport && this.#feeds.stale) {
      this.#connect(turn.opened);
    }
  }

  #needed() {
    return this.#feeds.askable.length > 0 || this.#commands.size > 0 || (this.#feeds.size > 0 && Boolean(this.#turn?.transport?.send));
  }

  // connect begins a turn. A quiet one changes the list of channels of an open connection, and is no news.
  async #connect(quiet = false) {
    this.#endTurn();
    const turn = { kind: this.#chooser.kind, transport: null, opened: false, openedAt: 0, gotHead: false, token: '' };
    this.#turn = turn;
    if (!quiet) {
      this.#port.state('connecting', { transport: turn.kind });
    }
    try {
      turn.token = await this.#tokens.get();
    } catch (error) {
      this.#ended(turn, { code: 'token', text: `no token: ${error?.message ?? error}`, reached: true });
      return;
    }
    if (turn === this.#turn) {
      this.#open(turn);
    }
  }

  #open(turn) {
    const { url, credentials, params, helloTimeoutMs } = this.#settings;
    const during = (action) => (...args) => turn === this.#turn && action(turn, ...args);
    this.#hello.start(helloTimeoutMs, () => this.#unheard(turn));
    const opening = {
      env: this.#env,
      url,
      credentials,
      request: () => ({ token: turn.token, params, channels: this.#feeds.askable.map((feed) => feed.spec()) }),
      onHead: during(() => { turn.gotHead = true; }),
      onMessage: during((_, message) => this.#receive(turn, message)),
      onEnd: during((_, ending) => this.#ended(turn, ending)),
    };
    try {
      turn.transport = TRANSPORTS[turn.kind].open(opening);
    } catch (error) {
      this.#ended(turn, { code: 'connection', text: error.message, condemn: true });
      return;
    }
    if (!turn.transport.send) {
      this.#feeds.asked(this.#feeds.askable, this.#commands.nextId());
    }
  }

  #unheard(turn) {
    if (TRANSPORTS[turn.kind].patient) {
      this.#opened(turn, undefined);
    } else {
      this.#ended(turn, unheard(turn.gotHead));
    }
  }

  #receive(turn, message) {
    this.#watchdog.heard();
    if (message.type === 'hello') {
      this.#opened(turn, message.noop);
    } else if (!turn.opened) {
      this.#ended(turn, foreign());
    } else if (message.type !== 'noop' && !this.#commands.take(message)) {
      this.#dispatch(turn, message);
    }
  }

  #dispatch(turn, message) {
    const ending = this.#feeds.receive(message);
    if (ending) {
      this.#ended(turn, ending);
    } else if (message.type === 'error' && message.cname === undefined) {
      this.#connectionError(turn, message);
    }
  }

  #connectionError(turn, message) {
    if (message.code === 401) {
      this.#ended(turn, { code: 401, text: message.text, token: true, reached: true });
    } else {
      this.#port.error(new IcometError(message.code, message.text));
    }
  }

  #opened(turn, noopS) {
    this.#noopS = noopS || this.#noopS;
    if (turn.opened) {
      return;
    }
    turn.opened = true;
    turn.openedAt = this.#env.now();
    this.#hello.stop();
    this.#chooser.heard();
    this.#watchdog.watch(this.#noopS * 1000 * NOOP_FACTOR + NOOP_MARGIN_MS, () => this.#ended(turn, silent()));
    this.#planUpgrade();
    this.#port.state('open', { transport: turn.kind });
    if (turn.transport.send) {
      this.#renewal.schedule(turn.token);
      this.#sync();
    } else {
      this.#commands.failAll('unsupported', 'this needs a WebSocket, and none gets through');
      if (TRANSPORTS[turn.kind].patient) {
        this.#feeds.confirm();
      }
    }
  }

  // sync tells an open WebSocket what has changed.
  #sync() {
    const { opened, transport } = this.#turn;
    if (!opened) {
      return;
    }
    this.#feeds.takeGone().forEach((cname) => transport.send(JSON.stringify({ cmd: 'unsubscribe', cname })));
    for (const { id, text, feeds } of subscribeCommands(this.#feeds.unasked, () => this.#commands.nextId())) {
      transport.send(text);
      this.#feeds.asked(feeds, id);
    }
    this.#flush();
  }

  #flush() {
    if (this.#turn?.opened && this.#turn.transport.send) {
      this.#commands.flush(this.#turn.transport);
    }
  }

  #planUpgrade() {
    const ms = this.#chooser.upgradeInMs();
    if (ms > 0) {
      this.#upgrade.start(ms, () => {
        this.#chooser.upgrade();
        this.#connect(true);
      });
    }
  }

  #ended(turn, ending) {
    if (turn !== this.#turn || !turn) {
      return;
    }
    this.#endTurn();
    if (!this.#needed()) {
      this.#changed();
      return;
    }
    const wasTrial = this.#chooser.isTrial;
    const delayMs = this.#delayMs(turn, ending);
    if (ending.token) {
      this.#tokens.forget();
    }
    const error = new IcometError(ending.code, ending.text);
    if (!ending.soon && !wasTrial) {
      this.#port.error(error);
    }
    if (!this.#turn && !this.#suspended) {
      this.#wait(delayMs, error);
    }
  }

  // delayMs is when to come back after an ending, and has the transport judged on the way.
  #delayMs(turn, ending) {
    if (turn.opened && this.#env.now() - turn.openedAt >= STABLE_MS) {
      this.#backoff.reset();
    }
    const fruitless = !turn.opened && !ending.reached;
    if ((fruitless || ending.condemn) && this.#chooser.failed(Boolean(ending.condemn))) {
      return 0;
    }
    if (ending.soon) {
      return this.#env.random() * SOON_MS;
    }
    const backoffMs = this.#backoff.next();
    return ending.retryAfterMs === undefined ? backoffMs : ending.retryAfterMs + this.#env.random() * this.#settings.backoffFirstMs;
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
    [this.#hello, this.#upgrade, this.#retry].forEach((timer) => timer.stop());
    this.#watchdog.stop();
    this.#renewal.stop();
    turn?.transport?.close();
    this.#feeds.lost();
    this.#commands.lost();
  }
}
