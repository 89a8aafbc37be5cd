/*! icomet client, made from sdk/js/src; see sdk/js/README.md */

// src/backoff.js
var Backoff = class {
  #firstMs;
  #maxMs;
  #random;
  #attempts = 0;
  constructor(firstMs, maxMs, random) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }
  next() {
    const boundMs = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts++;
    return this.#random() * boundMs;
  }
  reset() {
    this.#attempts = 0;
  }
};

// src/chooser.js
var Chooser = class {
  #kinds;
  #env;
  #settings;
  #index = 0;
  #failures = 0;
  #good = "";
  // the last that was
  #trial = false;
  // the current kind is tried though #good is known to work
  #upgradeMs;
  /**
   * @param {string[]} kinds best first, at least one
   * @param {{key: string, failuresMax: number, rememberMs: number, upgradeFirstMs: number, upgradeMaxMs: number}} settings
   */
  constructor(kinds, settings, env) {
    this.#kinds = kinds;
    this.#settings = settings;
    this.#env = env;
    this.#upgradeMs = settings.upgradeFirstMs;
    this.#index = Math.max(0, kinds.indexOf(this.#recall()));
  }
  get kind() {
    return this.#kinds[this.#index];
  }
  get isTrial() {
    return this.#trial;
  }
  /** heard notes that the current kind gets through. */
  heard() {
    this.#failures = 0;
    this.#trial = false;
    this.#good = this.kind;
    if (this.#index === 0) {
      this.#upgradeMs = this.#settings.upgradeFirstMs;
    }
    this.#remember(this.kind);
  }
  /**
   * failed notes a connection of the current kind that never heard anything, or is condemned. It returns
   * whether another kind may be tried at once, since it has not been found wanting in this round.
   */
  failed(condemned) {
    if (this.#trial) {
      this.#trial = false;
      this.#index = this.#kinds.indexOf(this.#good);
      return true;
    }
    if (!condemned && ++this.#failures < this.#settings.failuresMax) {
      return false;
    }
    this.#failures = 0;
    this.#index = (this.#index + 1) % this.#kinds.length;
    return this.#index !== 0;
  }
  /** upgradeInMs is when to try the first kind again; it doubles each time it is asked for. 0: it is in use. */
  upgradeInMs() {
    if (this.#index === 0) {
      return 0;
    }
    const ms = this.#upgradeMs * (0.75 + 0.5 * this.#env.random());
    this.#upgradeMs = Math.min(this.#upgradeMs * 2, this.#settings.upgradeMaxMs);
    return ms;
  }
  /** upgrade makes the first kind the current one, on trial. */
  upgrade() {
    this.#trial = true;
    this.#failures = 0;
    this.#index = 0;
  }
  #recall() {
    try {
      const { kind, until } = JSON.parse(this.#env.storage.getItem(this.#settings.key));
      return until > this.#env.now() ? kind : "";
    } catch {
      return "";
    }
  }
  #remember(kind) {
    try {
      this.#env.storage.setItem(this.#settings.key, JSON.stringify({ kind, until: this.#env.now() + this.#settings.rememberMs }));
    } catch {
    }
  }
};

// src/comeback.js
var STABLE_MS = 1e4;
var SOON_MS = 5e3;
var Comeback = class {
  #settings;
  #env;
  #chooser;
  #backoff;
  constructor(settings, env) {
    this.#settings = settings;
    this.#env = env;
    this.#chooser = new Chooser(settings.kinds, settings.choice, env);
    this.#backoff = new Backoff(settings.backoffFirstMs, settings.backoffMaxMs, env.random);
  }
  get kind() {
    return this.#chooser.kind;
  }
  /** heard notes that the transport gets through; it returns when to try a better one, 0 for never. */
  heard() {
    this.#chooser.heard();
    return this.#chooser.upgradeInMs();
  }
  upgrade() {
    this.#chooser.upgrade();
  }
  /**
   * after judges a turn by its ending. isNews is false for what was expected: a server that restarts, or a trial.
   *
   * @param {import('./turn.js').Turn} turn
   * @param {import('./endings.js').Ending} ending
   */
  after(turn, ending) {
    if (turn.openForMs >= STABLE_MS) {
      this.#backoff.reset();
    }
    const isNews = !ending.soon && !this.#chooser.isTrial;
    const fruitless = !turn.opened && !ending.reached;
    if ((fruitless || ending.condemn) && this.#chooser.failed(Boolean(ending.condemn))) {
      return { delayMs: 0, isNews };
    }
    return { delayMs: ending.soon ? this.#env.random() * SOON_MS : this.#delayMs(ending), isNews };
  }
  #delayMs({ retryAfterMs: retryAfterMs2 }) {
    const backoffMs = this.#backoff.next();
    return retryAfterMs2 === void 0 ? backoffMs : retryAfterMs2 + this.#env.random() * this.#settings.backoffFirstMs;
  }
};

// src/errors.js
var IcometError = class extends Error {
  name = "IcometError";
  /**
   * @param {string | number} code
   * @param {string} text
   * @param {{channel?: string, final?: boolean, cause?: unknown}} [more] final: the client does not try again by itself
   */
  constructor(code, text, more = {}) {
    super(text, more.cause === void 0 ? void 0 : { cause: more.cause });
    this.code = code;
    this.channel = more.channel;
    this.final = more.final ?? false;
  }
};

// src/timer.js
var Timer = class {
  #env;
  #id = null;
  constructor(env) {
    this.#env = env;
  }
  get pending() {
    return this.#id !== null;
  }
  /** start replaces what is pending. */
  start(ms, action) {
    this.stop();
    this.#id = this.#env.setTimeout(() => {
      this.#id = null;
      action();
    }, ms);
  }
  stop() {
    if (this.#id !== null) {
      this.#env.clearTimeout(this.#id);
      this.#id = null;
    }
  }
};

// src/commands.js
var COMMANDS_MAX = 1e3;
var COMMAND_BYTES_MAX = 65536;
var Commands = class {
  #env;
  #timeoutMs;
  #lastId = 0;
  #pending = /* @__PURE__ */ new Map();
  // by id: {text, sent, timer, resolve, reject}
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
      return Promise.reject(new IcometError(413, "the message is too large for the connection"));
    }
    if (this.#pending.size >= COMMANDS_MAX) {
      return Promise.reject(new IcometError("busy", "too many commands wait for their answers"));
    }
    return new Promise((resolve, reject) => {
      const timer = new Timer(this.#env);
      timer.start(timeoutMs, () => this.#fail(id, new IcometError("timeout", "the server has not answered in time")));
      this.#pending.set(id, { text, sent: false, timer, resolve, reject });
    });
  }
  /** flush sends what was not sent yet, and fails what there is no room for. */
  flush(transport) {
    for (const [id, command] of this.#pending) {
      if (!command.sent && transport.full()) {
        this.#fail(id, new IcometError("busy", "too much waits to be sent"));
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
    if (message.type === "error") {
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
        this.#fail(id, new IcometError("connection", "the connection was lost before the answer"));
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
};

// src/endings.js
var CLOSE_CODES = {
  1001: { text: "the server stops or restarts", reached: true, soon: true },
  1002: { text: "the server saw a broken frame", condemn: true },
  1003: { text: "the server does not take binary commands", condemn: true },
  1007: { text: "the server saw text that is not UTF-8", condemn: true },
  1009: { text: "a command was too long", condemn: true },
  4400: { text: "the server does not understand this client", condemn: true },
  4401: { text: "the token has expired", reached: true, token: true }
};
var STATUSES = {
  401: { reached: true, token: true },
  403: { reached: true },
  429: { reached: true },
  503: { reached: true },
  404: { condemn: true },
  405: { condemn: true },
  413: { condemn: true },
  414: { condemn: true },
  501: { condemn: true }
};
var RETRY_AFTER_MAX_MS = 36e5;
function closed(code, text) {
  return { code, text: text || "the connection was lost", ...CLOSE_CODES[code] };
}
function retryAfterMs(header, nowMs) {
  if (!header) {
    return void 0;
  }
  const ms = /^\d+$/.test(header) ? Number(header) * 1e3 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? void 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
function answered(response, nowMs) {
  return {
    code: response.status,
    text: `the server answered ${response.status} ${response.statusText}`.trim(),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), nowMs),
    ...STATUSES[response.status]
  };
}
function lost(error) {
  return { code: "connection", text: error?.message || "the connection was lost" };
}
function silent() {
  return { code: "timeout", text: "nothing was heard for too long" };
}
function unheard(gotHead) {
  return gotHead ? { code: "buffered", text: "something on the way holds back what the server sends", condemn: true } : { code: "timeout", text: "no first message in time" };
}
function malformed(text) {
  return { code: "protocol", text };
}
function foreign() {
  return { code: "protocol", text: "what answers does not speak version 1 of the protocol", condemn: true };
}

// src/position.js
function isPosition(value) {
  return typeof value?.epoch === "string" && value.epoch !== "" && Number.isSafeInteger(value.seq) && value.seq > 0;
}
function samePosition(a, b) {
  return a !== null && b !== null && a.epoch === b.epoch && a.seq === b.seq;
}
function reaches(position, target) {
  return position.epoch === target.epoch && position.seq <= target.seq;
}
function after(message) {
  return { epoch: message.epoch, seq: (message.type === "gap" ? message.to : message.seq) + 1 };
}
function judge(position, message) {
  if (position === null) {
    return "next";
  }
  const isGap = message.type === "gap";
  if (message.epoch !== position.epoch) {
    return isGap ? "next" : "hole";
  }
  if (after(message).seq <= position.seq) {
    return "old";
  }
  return (isGap ? message.from : message.seq) > position.seq ? "hole" : "next";
}
function gapBefore(position, message) {
  const from = message.epoch === position.epoch ? position.seq : 1;
  const to = (message.type === "gap" ? message.from : message.seq) - 1;
  return { type: "gap", cname: message.cname, epoch: message.epoch, from, to, reason: "unknown" };
}

// src/feed.js
var Feed = class {
  name;
  holders = /* @__PURE__ */ new Set();
  wants = /* @__PURE__ */ new Map();
  // by holder; not answered yet
  position = null;
  // what the server is to send next; null until the server has told it
  phase = "asked";
  // or 'live', or 'resting' after the server was too busy
  request = 0;
  // number of the command that has asked for it on this connection, 0 before
  holeAt = null;
  // position at which a message was missing
  refusals = 0;
  // of the connection's token, in a row
  #asking = null;
  // the want that decided where to begin
  #start = {};
  #token = "";
  #presence = false;
  constructor(name) {
    this.name = name;
  }
  get hasOwnToken() {
    return this.#token !== "";
  }
  /** @returns {import('./request.js').Spec} */
  spec() {
    const spec = { cname: this.name, ...this.position ?? this.#start };
    if (this.#token) {
      spec.token = this.#token;
    }
    if (this.#presence) {
      spec.presence = true;
    }
    return spec;
  }
  add(want) {
    this.holders.add(want.holder);
    this.wants.set(want.holder, want);
  }
  remove(holder) {
    this.holders.delete(holder);
    this.wants.delete(holder);
  }
  /** turnTo makes a want the one that is asked for next. */
  turnTo(want) {
    if (this.phase !== "live" || !this.#passes(want)) {
      this.position = want.position;
      this.#start = want.last !== void 0 ? { last: want.last } : want.since !== void 0 ? { since: want.since } : {};
    }
    this.#presence ||= want.presence;
    this.#token = want.token || this.#token;
    this.#asking = want;
    this.phase = "asked";
    this.holeAt = null;
  }
  /** settle notes that the server sends from here on; position is the server's word where that is. */
  settle(position) {
    this.phase = "live";
    this.refusals = 0;
    this.position ??= position;
  }
  /** met takes the wants that this feed now fulfils and returns their holders. */
  met() {
    const holders = [];
    for (const want of this.wants.values()) {
      if (want === this.#asking || this.#passes(want) && (this.#presence || !want.presence)) {
        holders.push(want.holder);
        this.wants.delete(want.holder);
      }
    }
    this.#asking = null;
    return holders;
  }
  #passes(want) {
    return want.position ? reaches(this.position, want.position) : want.last === void 0 && want.since === void 0;
  }
};

// src/feeds.js
var REST_MIN_MS = 5e3;
var TOKEN_REFUSALS_MAX = 2;
var BUSY = [429, 503];
var Feeds = class {
  #port;
  #env;
  #feeds = /* @__PURE__ */ new Map();
  #gone = /* @__PURE__ */ new Set();
  // names that the server still sends but nobody wants, or not from there
  #rest;
  /** @param {FeedsPort} port */
  constructor(env, port) {
    this.#env = env;
    this.#port = port;
    this.#rest = new Timer(env);
  }
  get size() {
    return this.#feeds.size;
  }
  /** askable are the channels that a request should name. */
  get askable() {
    return [...this.#feeds.values()].filter((feed) => feed.phase !== "resting");
  }
  get unasked() {
    return this.askable.filter((feed) => feed.request === 0);
  }
  /** asking tells whether the server was asked for any channel that is still wanted. */
  get asking() {
    return this.askable.some((feed) => feed.request !== 0);
  }
  get stale() {
    return this.#gone.size > 0 || this.unasked.length > 0;
  }
  /** @param {import('./feed.js').Want} want */
  want(want) {
    let feed = this.#feeds.get(want.cname);
    if (!feed) {
      feed = new Feed(want.cname);
      feed.turnTo(want);
      this.#feeds.set(want.cname, feed);
      this.#port.changed();
    }
    feed.add(want);
    this.#serve(feed);
  }
  drop(cname, holder) {
    const feed = this.#feeds.get(cname);
    feed?.remove(holder);
    if (feed?.holders.size === 0) {
      this.#remove(feed);
      this.#port.changed();
    }
  }
  /** leave drops all that a tab holds; its holders begin with prefix. */
  leave(prefix) {
    for (const feed of this.#feeds.values()) {
      [...feed.holders].filter((holder) => holder.startsWith(prefix)).forEach((holder) => this.drop(feed.name, holder));
    }
  }
  /** takeGone returns the channels to unsubscribe, and forgets them. */
  takeGone() {
    const gone = [...this.#gone];
    this.#gone.clear();
    return gone;
  }
  /** lost forgets what the server was asked for; positions stay. */
  lost() {
    this.#gone.clear();
    for (const feed of this.askable) {
      feed.phase = "asked";
      feed.request = 0;
    }
  }
  /** asked notes that the server was asked for these feeds, by the command of that number. */
  asked(feeds, request) {
    for (const feed of feeds) {
      feed.request = request;
    }
  }
  /** confirm is for transports that do not confirm channels whose position was named. */
  confirm() {
    for (const feed of this.askable) {
      if (feed.phase === "asked" && feed.position) {
        this.#settle(feed, null);
      }
    }
  }
  stop() {
    this.#rest.stop();
  }
  /** wake ends the rest of channels that the server was too busy for. */
  wake() {
    this.#rest.stop();
    for (const feed of this.#feeds.values()) {
      if (feed.phase === "resting") {
        feed.phase = "asked";
      }
    }
    this.#port.changed();
  }
  /**
   * receive takes a message about a channel. It returns an Ending if the connection cannot go on.
   *
   * @returns {import('./endings.js').Ending | null}
   */
  receive(message) {
    if (message.type === "error") {
      return this.#refused(message);
    }
    const feed = this.#feeds.get(message.cname);
    if (!feed) {
      return null;
    }
    if (message.type === "subscribed") {
      if (feed.phase === "asked" && (message.id ?? feed.request) === feed.request) {
        this.#settle(feed, { epoch: message.epoch, seq: message.seq });
      }
      return null;
    }
    return feed.phase === "live" ? this.#live(feed, message) : null;
  }
  #live(feed, message) {
    switch (message.type) {
      case "data":
      case "broadcast":
      case "gap":
        return this.#numbered(feed, message);
      case "close":
        this.#feeds.delete(feed.name);
        this.#port.deliver(message, null);
        this.#port.changed();
        return null;
      case "join":
      case "leave":
        this.#port.deliver(message, null);
        return null;
      default:
        return null;
    }
  }
  // A hole is a mistake of somebody on the way. Coming back from the same position heals it, or else shows that
  // what is missing cannot be had.
  #numbered(feed, message) {
    const verdict = judge(feed.position, message);
    if (verdict === "old") {
      return null;
    }
    if (verdict === "hole") {
      if (!samePosition(feed.holeAt, feed.position)) {
        feed.holeAt = feed.position;
        return malformed(`number ${feed.position.seq} of ${feed.name} is missing`);
      }
      this.#port.deliver(gapBefore(feed.position, message), null);
    }
    feed.position = after(message);
    feed.holeAt = null;
    this.#port.deliver(message, null);
    return null;
  }
  #settle(feed, position) {
    feed.settle(position);
    this.#answer(feed);
    this.#serve(feed);
  }
  // serve goes back with the feed if that is what a holder wants.
  #serve(feed) {
    if (feed.phase !== "live") {
      return;
    }
    this.#answer(feed);
    const [want] = feed.wants.values();
    if (want) {
      this.#gone.add(feed.name);
      feed.turnTo(want);
      feed.request = 0;
      this.#port.changed();
    }
  }
  #answer(feed) {
    const holders = feed.met();
    if (holders.length > 0) {
      this.#port.deliver({ type: "subscribed", cname: feed.name, ...feed.position }, holders);
    }
  }
  #refused(message) {
    const feeds = message.cname === void 0 ? this.askable.filter((feed) => message.id !== void 0 && feed.request === message.id) : [this.#feeds.get(message.cname)].filter((feed) => feed && message.code !== 404 && (message.id ?? feed.request) === feed.request);
    let ending = null;
    for (const feed of feeds) {
      ending = this.#refusal(feed, message) ?? ending;
    }
    return ending;
  }
  #refusal(feed, message) {
    if (message.code === 401 && !feed.hasOwnToken && this.#port.renewable() && feed.refusals++ < TOKEN_REFUSALS_MAX) {
      return { code: 401, text: message.text, token: true, reached: true };
    }
    const busy = BUSY.includes(message.code);
    if (busy) {
      feed.phase = "resting";
      feed.request = 0;
      this.#restAWhile();
    } else {
      this.#feeds.delete(feed.name);
    }
    this.#port.deliver({ ...message, cname: feed.name, final: !busy }, null);
    this.#port.changed();
    return null;
  }
  #restAWhile() {
    if (this.#rest.pending) {
      return;
    }
    this.#rest.start(REST_MIN_MS * (1 + this.#env.random()), () => this.wake());
  }
  #remove(feed) {
    this.#feeds.delete(feed.name);
    if (feed.request !== 0) {
      this.#gone.add(feed.name);
    }
  }
};

// src/tokens.js
var Tokens = class {
  #source;
  #token = null;
  #asked = null;
  /** @param {string | (() => string | Promise<string>) | undefined} source */
  constructor(source) {
    this.#source = source;
  }
  get renewable() {
    return typeof this.#source === "function";
  }
  /** get rejects with what the application's function throws. */
  async get() {
    if (!this.renewable) {
      return this.#source ?? "";
    }
    if (this.#token !== null) {
      return this.#token;
    }
    this.#asked ??= this.#ask();
    return this.#asked;
  }
  /** forget makes the next get ask for a new token. */
  forget() {
    this.#token = null;
  }
  async #ask() {
    try {
      this.#token = String(await this.#source() ?? "");
      return this.#token;
    } finally {
      this.#asked = null;
    }
  }
};
function expiryMs(token) {
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    return Number.isFinite(claims.exp) ? claims.exp * 1e3 : 0;
  } catch {
    return 0;
  }
}

// src/renewal.js
var AHEAD_MS = 3e4;
var WAIT_MAX_MS = 2 ** 31 - 1;
var Renewal = class {
  #env;
  #tokens;
  #authorize;
  #timer;
  /** @param {(token: string) => Promise<unknown>} authorize hands a token to the server */
  constructor(env, tokens, authorize) {
    this.#env = env;
    this.#tokens = tokens;
    this.#authorize = authorize;
    this.#timer = new Timer(env);
  }
  schedule(token) {
    const leftMs = expiryMs(token) - this.#env.now();
    if (this.#tokens.renewable && leftMs > 0) {
      this.#timer.start(Math.min(Math.max(leftMs - AHEAD_MS, leftMs / 2), WAIT_MAX_MS), () => this.#renew(token));
    }
  }
  stop() {
    this.#timer.stop();
  }
  async #renew(old) {
    this.#tokens.forget();
    try {
      const token = await this.#tokens.get();
      if (token !== old && await this.#authorize(token)) {
        this.schedule(token);
      }
    } catch {
    }
  }
};

// src/subscribe_commands.js
var CHANNELS_BYTES_MAX = 6e4;
function subscribeCommands(feeds, nextId) {
  const encoder = new TextEncoder();
  const commands = [];
  let specs = [];
  let group = [];
  let bytes = 0;
  const finish = () => {
    if (group.length > 0) {
      const id = nextId();
      commands.push({ id, text: `{"id":${id},"cmd":"subscribe","channels":[${specs}]}`, feeds: group });
    }
    [specs, group, bytes] = [[], [], 0];
  };
  for (const feed of feeds) {
    const spec = JSON.stringify(feed.spec());
    const size = encoder.encode(spec).length + 1;
    if (bytes + size > CHANNELS_BYTES_MAX) {
      finish();
    }
    specs.push(spec);
    group.push(feed);
    bytes += size;
  }
  finish();
  return commands;
}

// src/request.js
var URL_CHARS_MAX = 2e3;
var FORM_CHARS_MAX = 65536;
function encode(value) {
  return encodeURIComponent(String(value).replace(
    /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g,
    (match) => match.length === 2 ? match : "\uFFFD"
  ));
}
function channelPairs({ cname, seq, epoch, last, since, token, presence }) {
  return [
    ["cname", cname],
    ["seq", last === void 0 ? seq : `last:${last}`],
    ["epoch", epoch],
    ["since", since],
    ["token", token],
    ["presence", presence ? 1 : void 0]
  ];
}
function formOf(request) {
  const pairs = [["v", 1], ["token", request.token || void 0], ...request.params, ...request.channels.flatMap(channelPairs)];
  return pairs.filter(([, value]) => value !== void 0).map(([name, value]) => `${name}=${encode(value)}`).join("&");
}
function tooLong(form) {
  return form.length > FORM_CHARS_MAX;
}
function httpRequest(url, form, accept) {
  const get = `${url}?${form}`;
  if (get.length <= URL_CHARS_MAX) {
    return { url: get, options: { headers: { Accept: accept }, cache: "no-store" } };
  }
  const headers = { Accept: accept, "Content-Type": "application/x-www-form-urlencoded" };
  return { url, options: { method: "POST", headers, body: form, cache: "no-store" } };
}

// src/transport_websocket.js
var UNSENT_BYTES_MAX = 1 << 20;
var LINE_FEED = 10;
function decode(frame) {
  if (typeof frame === "string") {
    return JSON.parse(frame);
  }
  const all = new Uint8Array(frame);
  const end = all.indexOf(LINE_FEED);
  const message = JSON.parse(new TextDecoder().decode(all.subarray(0, end)));
  message.bytes = all.subarray(end + 1);
  return message;
}
var webSocket = {
  usable: (env) => Boolean(env.WebSocket),
  patient: false,
  open({ env, url, request, onHead, onMessage, onEnd }) {
    const form = formOf({ ...request(), channels: [] });
    const socket = new env.WebSocket(`${url.replace(/^http/, "ws")}/ws?${form}&binary=1`, "icomet.v1.json");
    const quiet = () => {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    };
    const close = () => {
      quiet();
      socket.close(1e3);
    };
    socket.binaryType = "arraybuffer";
    socket.onopen = onHead;
    socket.onmessage = ({ data }) => {
      let message;
      try {
        message = decode(data);
      } catch (error) {
        close();
        onEnd(malformed(error.message));
        return;
      }
      onMessage(message);
    };
    socket.onclose = ({ code, reason }) => {
      quiet();
      onEnd(closed(code, reason));
    };
    return {
      close,
      send: (command) => socket.send(command),
      full: () => socket.bufferedAmount > UNSENT_BYTES_MAX
    };
  }
};

// src/answer.js
var LINE_CHARS_MAX = 16 << 20;
function ask({ env, url, credentials, request, onHead, onEnd }, path, accept, read) {
  const form = formOf(request());
  const controller = new AbortController();
  let closed2 = false;
  const run = async () => {
    if (tooLong(form)) {
      return { code: 413, text: "too many channels for one request", condemn: true };
    }
    const { url: address, options } = httpRequest(url + path, form, accept);
    const response = await env.fetch(address, { ...options, credentials, signal: controller.signal });
    if (!response.ok) {
      return answered(response, env.now());
    }
    onHead();
    return read(response, form);
  };
  run().catch((error) => error instanceof SyntaxError ? malformed(error.message) : lost(error)).then((ending) => {
    if (ending && !closed2) {
      controller.abort();
      onEnd(ending);
    }
  });
  return () => {
    closed2 = true;
    controller.abort();
  };
}
function endless(opening, path, accept, jsonOf) {
  const close = ask(opening, path, accept, (response) => readLines(response, (line) => {
    const json = jsonOf(line);
    if (json) {
      opening.onMessage(JSON.parse(json));
    }
  }));
  return { close };
}
async function readLines(response, take) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (; ; ) {
    const { done, value } = await reader.read();
    if (done) {
      return { code: "end", text: "the answer has ended" };
    }
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    lines.forEach((line) => take(line.endsWith("\r") ? line.slice(0, -1) : line));
    if (rest.length > LINE_CHARS_MAX) {
      return malformed("a line is too long");
    }
  }
}

// src/transport_sse.js
var DATA = /^data: ?/;
var sse = {
  usable: (env) => Boolean(env.fetch && globalThis.ReadableStream),
  patient: false,
  open: (opening) => endless(opening, "/sse", "text/event-stream", (line) => DATA.test(line) ? line.replace(DATA, "") : "")
};

// src/transport_stream.js
var stream = {
  usable: (env) => Boolean(env.fetch && globalThis.ReadableStream),
  patient: false,
  open: (opening) => endless(opening, "/stream", "application/json", (line) => line)
};

// src/transport_poll.js
var poll = {
  usable: (env) => Boolean(env.fetch),
  patient: true,
  open(opening) {
    let closed2 = false;
    let giveUp = () => {
    };
    const read = async (response, form) => {
      const messages = JSON.parse(await response.text());
      if (!Array.isArray(messages)) {
        return malformed("the answer to a poll is not an array");
      }
      opening.onMessage({ type: "hello" });
      messages.forEach((message) => closed2 || opening.onMessage(message));
      return closed2 ? null : next(messages, form);
    };
    const next = (messages, form) => {
      const request = opening.request();
      if (request.channels.length === 0) {
        return null;
      }
      if (formOf(request) === form && !messages.some((message) => message.type === "noop")) {
        return malformed("a poll brought nothing");
      }
      start();
      return null;
    };
    const start = () => {
      giveUp = ask(opening, "/poll", "application/json", read);
    };
    start();
    return {
      close() {
        closed2 = true;
        giveUp();
      }
    };
  }
};

// src/transport.js
var TRANSPORTS = { websocket: webSocket, sse, stream, poll };
function usableKinds(wanted, env) {
  for (const kind of wanted) {
    if (!Object.hasOwn(TRANSPORTS, kind)) {
      throw new TypeError(`there is no transport ${JSON.stringify(kind)}; there are ${Object.keys(TRANSPORTS).join(", ")}`);
    }
  }
  const kinds = wanted.filter((kind) => TRANSPORTS[kind].usable(env));
  if (kinds.length === 0) {
    throw new TypeError("no transport can be used here: there is neither WebSocket nor fetch");
  }
  return kinds;
}

// src/turn.js
var Turn = class {
  kind;
  opened = false;
  token = "";
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
      this.#end({ code: "token", text: `no token: ${error?.message ?? error}`, reached: true });
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
        onHead: () => {
          this.#gotHead = true;
        },
        onMessage: (message) => this.#over || this.#receive(message),
        onEnd: (ending) => this.#end(ending)
      });
    } catch (error) {
      this.#end({ code: "connection", text: error.message, condemn: true });
      return;
    }
    this.#port.started();
  }
  #receive(message) {
    if (message.type === "hello") {
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
};

// src/watchdog.js
var Watchdog = class {
  #env;
  #timer;
  #limitMs = 0;
  #heardAt = 0;
  #bark = () => {
  };
  constructor(env) {
    this.#env = env;
    this.#timer = new Timer(env);
  }
  get overdue() {
    return this.#timer.pending && this.#env.now() - this.#heardAt >= this.#limitMs;
  }
  watch(limitMs, bark) {
    this.#limitMs = limitMs;
    this.#bark = bark;
    this.heard();
    this.#wait(limitMs);
  }
  heard() {
    this.#heardAt = this.#env.now();
  }
  stop() {
    this.#timer.stop();
  }
  #wait(ms) {
    this.#timer.start(ms, () => {
      const leftMs = this.#heardAt + this.#limitMs - this.#env.now();
      if (leftMs > 0) {
        this.#wait(leftMs);
      } else {
        this.#bark();
      }
    });
  }
};

// src/connection.js
var NOOP_FACTOR = 1.5;
var NOOP_MARGIN_MS = 5e3;
var NOOP_DEFAULT_S = 60;
var PING_TIMEOUT_MS = 5e3;
var Connection = class {
  #settings;
  #env;
  #port;
  #tokens;
  #comeback;
  #commands;
  #feeds;
  #renewal;
  #watchdog;
  #retry;
  // timer: the wait for the next attempt
  #upgrade;
  // timer: a better transport is due for another trial
  #change;
  // timer: gathers changes of the list of channels
  #turn = null;
  #suspended = false;
  #noopS = NOOP_DEFAULT_S;
  #notBefore = 0;
  // the server has asked to be left alone until then
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
      renewable: () => this.#tokens.renewable
    });
    this.#renewal = new Renewal(env, this.#tokens, (token) => this.command({ cmd: "auth", token }));
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
    if (this.#suspended || turn?.opened && !turn.takesCommands) {
      return Promise.reject(new IcometError("unsupported", this.#suspended ? "the client is closed or paused" : "this needs a WebSocket, and none gets through"));
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
      this.command({ cmd: "ping" }, PING_TIMEOUT_MS).catch(() => this.#ended(turn, silent()));
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
  suspend(state = "paused") {
    this.#suspended = true;
    this.#endTurn();
    this.#feeds.stop();
    this.#retry.stop();
    this.#change.stop();
    this.#commands.failAll("connection", "the connection was let go");
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
    this.suspend("closed");
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
      this.#port.state(this.#feeds.size > 0 ? "waiting" : "idle", {});
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
    return this.#feeds.askable.length > 0 || this.#commands.size > 0 || this.#feeds.size > 0 && this.#turn?.takesCommands === true;
  }
  // connect begins a turn. A quiet one changes the list of channels of an open connection, and is no news.
  #connect(quiet = false) {
    this.#endTurn();
    const turn = new Turn(this.#comeback.kind, this.#settings, this.#env, {
      started: () => turn.takesCommands || this.#feeds.asked(this.#feeds.askable, this.#commands.nextId()),
      opened: (noopS) => this.#opened(turn, noopS),
      message: (message) => this.#receive(turn, message),
      ended: (ending) => this.#ended(turn, ending)
    });
    this.#turn = turn;
    if (!quiet) {
      this.#port.state("connecting", { transport: turn.kind });
    }
    turn.start(() => this.#feeds.askable.map((feed) => feed.spec()));
  }
  #opened(turn, noopS) {
    this.#noopS = noopS || this.#noopS;
    this.#watchdog.watch(this.#noopS * 1e3 * NOOP_FACTOR + NOOP_MARGIN_MS, () => this.#ended(turn, silent()));
    this.#planUpgrade(this.#comeback.heard());
    this.#port.state("open", { transport: turn.kind });
    if (turn.takesCommands) {
      this.#renewal.schedule(turn.token);
      this.#sync();
      return;
    }
    this.#commands.failAll("unsupported", "this needs a WebSocket, and none gets through");
    if (turn.patient) {
      this.#feeds.confirm();
    }
  }
  #receive(turn, message) {
    this.#watchdog.heard();
    if (message.type === "noop" || this.#commands.take(message)) {
      return;
    }
    const ending = this.#feeds.receive(message);
    if (ending) {
      this.#ended(turn, ending);
    } else if (message.type === "error" && message.cname === void 0) {
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
    this.#feeds.takeGone().forEach((cname) => turn.send(JSON.stringify({ cmd: "unsubscribe", cname })));
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
    const isExpected = ending.code === "end" && !this.#feeds.asking;
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
    this.#port.state(online ? "waiting" : "offline", { retryInMs: ms, error });
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
};

// src/emitter.js
var Emitter = class {
  #handlers = /* @__PURE__ */ new Map();
  #report;
  constructor(report) {
    this.#report = report;
  }
  /** on adds a handler and returns a function that takes it away again. */
  on(event, handler) {
    if (!this.#handlers.has(event)) {
      this.#handlers.set(event, /* @__PURE__ */ new Set());
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
    const handlers = [...this.#handlers.get(event) ?? []];
    for (const handler of handlers) {
      try {
        handler(...args);
      } catch (error) {
        this.#report(error);
      }
    }
    return handlers.length > 0;
  }
};

// src/lifecycle.js
var Lifecycle = class {
  #env;
  #link;
  #pauseHiddenMs;
  #hidden;
  #listeners = [];
  /** @param {number} pauseHiddenMs how long a hidden tab stays connected; 0: as long as the browser lets it */
  constructor(env, link, pauseHiddenMs) {
    this.#env = env;
    this.#link = link;
    this.#pauseHiddenMs = pauseHiddenMs;
    this.#hidden = new Timer(env);
    this.#listen(env.window, "online", () => link.check());
    this.#listen(env.window, "offline", () => link.offline());
    this.#listen(env.window, "pagehide", () => link.suspend());
    this.#listen(env.window, "pageshow", () => link.resume());
    this.#listen(env.document, "freeze", () => link.suspend());
    this.#listen(env.document, "resume", () => link.resume());
    this.#listen(env.document, "visibilitychange", () => this.#visibility());
    this.#visibility();
  }
  close() {
    this.#hidden.stop();
    for (const [target, event, handler] of this.#listeners.splice(0)) {
      target.removeEventListener(event, handler);
    }
  }
  #listen(target, event, handler) {
    if (target) {
      target.addEventListener(event, handler);
      this.#listeners.push([target, event, handler]);
    }
  }
  #visibility() {
    if (this.#env.document?.visibilityState !== "hidden") {
      this.#hidden.stop();
      this.#link.resume();
      this.#link.check();
    } else if (this.#pauseHiddenMs > 0) {
      this.#hidden.start(this.#pauseHiddenMs, () => this.#link.suspend());
    }
  }
};

// src/message.js
var Message = class {
  #wire;
  #bytes;
  constructor(wire) {
    this.#wire = wire;
    this.#bytes = wire.bytes;
  }
  get channel() {
    return this.#wire.cname;
  }
  get seq() {
    return this.#wire.seq;
  }
  get epoch() {
    return this.#wire.epoch;
  }
  /** 'data', or 'broadcast' for what was sent to all channels. */
  get type() {
    return this.#wire.type;
  }
  get event() {
    return this.#wire.event;
  }
  get content() {
    return this.#wire.content;
  }
  get data() {
    return this.#wire.data;
  }
  get bytes() {
    if (this.#bytes === void 0 && this.#wire.base64 !== void 0) {
      this.#bytes = Uint8Array.from(atob(this.#wire.base64), (char) => char.charCodeAt(0));
    }
    return this.#bytes;
  }
  /** Where to go on after this message. */
  get position() {
    return { epoch: this.#wire.epoch, seq: this.#wire.seq + 1 };
  }
};
function payloadOf(value) {
  if (typeof value === "string") {
    return { content: value };
  }
  if (value instanceof ArrayBuffer) {
    return { base64: base64Of(new Uint8Array(value)) };
  }
  if (ArrayBuffer.isView(value)) {
    return { base64: base64Of(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  if (value === void 0 || typeof value === "function") {
    throw new TypeError("only text, bytes and JSON values can be published");
  }
  return { data: value };
}
function base64Of(bytes) {
  let text = "";
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

// src/surroundings.js
function sessionStorageOf(root) {
  try {
    return root.sessionStorage;
  } catch {
    return void 0;
  }
}
function surroundings(overrides = {}) {
  const root = globalThis;
  return {
    setTimeout: (action, ms) => root.setTimeout(action, ms),
    clearTimeout: (id) => root.clearTimeout(id),
    now: () => Date.now(),
    random: () => Math.random(),
    newId: () => Math.random().toString(36).slice(2) + Date.now().toString(36),
    fetch: root.fetch && ((url, options) => root.fetch(url, options)),
    WebSocket: root.WebSocket,
    BroadcastChannel: root.BroadcastChannel,
    locks: root.navigator?.locks,
    storage: sessionStorageOf(root),
    window: root.document && root,
    document: root.document,
    online: () => root.navigator?.onLine !== false,
    report: (error) => console.error(error),
    ...overrides
  };
}

// src/settings.js
var MINUTE_MS = 6e4;
var DEFAULTS = {
  token: void 0,
  transports: ["websocket", "sse", "stream", "poll"],
  share: false,
  client: void 0,
  info: void 0,
  credentials: "same-origin",
  queueMax: 1e3,
  commandTimeoutMs: 1e4,
  helloTimeoutMs: 5e3,
  failuresMax: 2,
  backoffFirstMs: 1e3,
  backoffMaxMs: 3e4,
  rememberMs: 60 * MINUTE_MS,
  upgradeFirstMs: MINUTE_MS,
  upgradeMaxMs: 60 * MINUTE_MS,
  pauseHiddenMs: 0,
  gatherMs: 10,
  env: {}
};
function urlOf(url) {
  const base = globalThis.location?.href;
  const whole = base ? new URL(url, base) : new URL(url);
  if (whole.protocol !== "http:" && whole.protocol !== "https:") {
    throw new TypeError("the URL of the server begins with http:// or https://");
  }
  return whole.origin + whole.pathname.replace(/\/+$/, "");
}
function paramsOf({ client, info }) {
  const pairs = [["client", client], ["info", typeof info === "object" ? JSON.stringify(info) : info]];
  return pairs.filter(([, value]) => value !== void 0).map(([name, value]) => [name, String(value)]);
}
function settingsOf(url, options) {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(DEFAULTS, name) && name !== "storage") {
      throw new TypeError(`there is no option ${JSON.stringify(name)}`);
    }
  }
  const settings = { ...DEFAULTS, ...options };
  const overrides = "storage" in options ? { storage: options.storage ?? void 0 } : {};
  const env = surroundings({ ...overrides, ...settings.env });
  const address = urlOf(url);
  return {
    ...settings,
    env,
    url: address,
    kinds: usableKinds(settings.transports, env),
    choice: { ...settings, key: `icomet ${address}` },
    tokens: new Tokens(settings.token),
    params: paramsOf(settings),
    shareName: `icomet ${address} ${settings.share === true ? "" : settings.share}`.trimEnd(),
    tab: env.newId()
  };
}

// src/bus.js
var Bus = class {
  #channel;
  #tab;
  constructor(env, name, tab, onNote) {
    this.#tab = tab;
    this.#channel = new env.BroadcastChannel(name);
    this.#channel.onmessage = ({ data: note }) => {
      if (note.to === void 0 || note.to === tab) {
        onNote(note);
      }
    };
  }
  post(kind, note = {}, to = void 0) {
    this.#channel.postMessage({ ...note, kind, from: this.#tab, to });
  }
  close() {
    this.#channel.onmessage = null;
    this.#channel.close();
  }
};

// src/lock.js
var Lock = class {
  #abort = new AbortController();
  #release = () => {
  };
  #released = false;
  /** @param {(error?: unknown) => void} onHeld with an error where the browser gives no locks to this page */
  constructor(env, name, onHeld) {
    env.locks.request(name, { signal: this.#abort.signal }, () => this.#hold(onHeld)).catch((error) => {
      if (!this.#released) {
        onHeld(error);
      }
    });
  }
  release() {
    this.#released = true;
    this.#abort.abort();
    this.#release();
  }
  #hold(onHeld) {
    if (this.#released) {
      return void 0;
    }
    return new Promise((resolve) => {
      this.#release = resolve;
      onHeld();
    });
  }
};

// src/shared_link.js
var RELAY_MS = 1e3;
var COMMANDS_MAX2 = 1e3;
function canShare(env) {
  return Boolean(env.locks && env.BroadcastChannel);
}
var SharedLink = class {
  #settings;
  #env;
  #port;
  #tab;
  #bus = null;
  #presence = null;
  // lock: this tab is alive
  #leadership = null;
  // lock: held by the leader, awaited by all others
  #connection = null;
  // the leader's
  #state = { state: "connecting", detail: {} };
  // of the leader's connection
  #leader = "";
  // the tab that leads, '' while unknown
  #others = /* @__PURE__ */ new Map();
  // for the leader: a lock by tab, granted when that tab is gone
  #commands = /* @__PURE__ */ new Map();
  // by number: what waits for a reply of the leader
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
      this.#bus?.post("want", { want });
    }
  }
  drop(cname, holder) {
    if (this.#connection) {
      this.#connection.drop(cname, holder);
    } else {
      this.#bus?.post("drop", { cname, holder });
    }
  }
  command(command) {
    if (this.#connection) {
      return this.#connection.command(command);
    }
    if (!this.#bus || this.#commands.size >= COMMANDS_MAX2) {
      return Promise.reject(this.#bus ? new IcometError("busy", "too many commands wait for their answers") : new IcometError("unsupported", "the client is closed or paused"));
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
  suspend(state = "paused") {
    if (!this.#bus) {
      return;
    }
    const connection = this.#connection;
    this.#connection = null;
    this.#bus.post("bye");
    this.#bus.close();
    this.#bus = null;
    this.#leader = "";
    connection?.close();
    [this.#presence, this.#leadership, ...this.#others.values()].forEach((lock) => lock?.release());
    this.#presence = this.#leadership = null;
    this.#others.clear();
    this.#failCommands("the connection was let go");
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
    this.suspend("closed");
  }
  // ---- as one of the tabs
  #tabLock(tab) {
    return `${this.#settings.shareName} tab ${tab}`;
  }
  #join() {
    if (!this.#connection) {
      this.#bus.post("join");
      this.#port.renew();
    }
  }
  #receive(note) {
    if (this.#connection) {
      this.#serve(note);
    } else if (note.kind === "lead") {
      this.#failCommands("the tab that held the connection is gone");
      this.#leader = note.from;
      this.#join();
    } else if (note.kind === "state") {
      this.#leader = note.from;
      this.#port.state(note.state, note.detail);
    } else if (note.from === this.#leader) {
      this.#follow(note);
    }
  }
  #follow(note) {
    switch (note.kind) {
      case "message":
        this.#port.message(note.message, note.holders);
        break;
      case "error":
        this.#port.error(new IcometError(note.code, note.text));
        break;
      case "reply":
        this.#settle(note.id, note);
        break;
    }
  }
  #ask(command) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastCommand;
      const timer = new Timer(this.#env);
      this.#commands.set(id, { resolve, reject, timer });
      timer.start(this.#settings.commandTimeoutMs + RELAY_MS, () => this.#settle(id, { code: "timeout", text: "no answer in time" }));
      this.#bus.post("command", { id, command });
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
      this.#settle(id, { code: "connection", text });
    }
  }
  // ---- as the leader
  #lead() {
    this.#failCommands("the tab that held the connection is gone");
    this.#leader = this.#tab;
    this.#connection = new Connection(this.#settings, this.#env, {
      message: (message, holders) => this.#relay("message", { message, holders }, () => this.#port.message(message, holders)),
      state: (state, detail) => this.#relayState(state, detail),
      error: (error) => this.#relay("error", { code: error.code, text: error.message }, () => this.#port.error(error))
    });
    this.#bus.post("lead");
    this.#port.renew();
  }
  #relay(kind, note, here) {
    this.#bus?.post(kind, note);
    here();
  }
  #relayState(state, { transport, retryInMs }) {
    if (!this.#bus) {
      return;
    }
    this.#state = { state, detail: { transport, retryInMs } };
    this.#bus.post("state", this.#state);
    this.#port.state(state, this.#state.detail);
  }
  #serve(note) {
    switch (note.kind) {
      case "join":
        this.#watch(note.from);
        this.#bus.post("state", this.#state, note.from);
        break;
      case "want":
        this.#connection.want(note.want);
        break;
      case "drop":
        this.#connection.drop(note.cname, note.holder);
        break;
      case "command":
        this.#relayCommand(note);
        break;
      case "bye":
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
    this.#connection.command(command).then((answer) => ({ answer }), ({ code, message, final }) => ({ code, text: message, final })).then((reply) => this.#bus?.post("reply", { id, ...reply }, from));
  }
};

// src/queue.js
var Queue = class {
  #max;
  #onDrop;
  #onReturn;
  #messages = [];
  #readers = [];
  // waiting calls of next, each {resolve, reject}
  #end = null;
  // {error} once nothing more will come
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
    return Promise.resolve({ value: void 0, done: true });
  }
  // settle tells a reader of the end; an error is told once.
  #settle({ resolve, reject }) {
    const { error } = this.#end;
    this.#end = {};
    if (error) {
      reject(error);
    } else {
      resolve({ value: void 0, done: true });
    }
  }
};

// src/subscription.js
var TOKEN_REFUSALS_MAX2 = 2;
function sinceOf(since) {
  return since instanceof Date ? since.getTime() / 1e3 : since;
}
function checkOptions({ position, last }) {
  if (position !== void 0 && position !== null && !isPosition(position)) {
    throw new TypeError("position must be what a subscription or message gave as its position");
  }
  if (last !== void 0 && !(Number.isSafeInteger(last) && last >= 0)) {
    throw new TypeError("last must be a whole number, 0 or more");
  }
}
var Subscription = class {
  #events;
  #port;
  #options;
  #tokens;
  #again;
  // timer: when to ask for a token again
  #backoff;
  #holder;
  #channel;
  #position = null;
  #asked = Promise.resolve();
  #synced = false;
  // the connection sends from our position on
  #ended = false;
  #refusals = 0;
  #queues = /* @__PURE__ */ new Set();
  /**
   * @param {SubscriptionPort} port
   * @param {{queueMax: number, position?: object, last?: number, since?: number | string | Date, presence?: boolean, token?: any}} options
   */
  constructor(channel, holder, options, port) {
    checkOptions(options);
    this.#events = new Emitter(port.env.report);
    this.#channel = channel;
    this.#holder = holder;
    this.#options = options;
    this.#port = port;
    this.#tokens = new Tokens(options.token);
    this.#again = new Timer(port.env);
    this.#backoff = port.newBackoff();
    this.#position = options.position ? { epoch: options.position.epoch, seq: options.position.seq } : null;
    port.begin({
      ask: () => this.#ask(),
      receive: (message, addressed) => this.#receive(message, addressed),
      end: () => this.#finish("client closed")
    });
  }
  /** on adds a handler and returns a function that takes it away again. README.md lists the events. */
  on(event, handler) {
    return this.#events.on(event, handler);
  }
  once(event, handler) {
    return this.#events.once(event, handler);
  }
  off(event, handler) {
    this.#events.off(event, handler);
  }
  get channel() {
    return this.#channel;
  }
  /** Where to go on after the last message; null until the server has told it. Keep it, and give it to `subscribe`. */
  get position() {
    return this.#position;
  }
  get closed() {
    return this.#ended;
  }
  /** publish sends text, bytes or a JSON value to the channel and resolves to its {seq, epoch}. It needs a WebSocket. */
  async publish(value, options) {
    await this.#asked;
    return this.#port.publish(value, options);
  }
  /** members resolves to {members, count} of the channel. It needs a WebSocket. */
  async members() {
    await this.#asked;
    return this.#port.members();
  }
  unsubscribe() {
    this.#finish("unsubscribed");
  }
  /** A loop over this gets the messages from now on. One that is too slow loses the oldest, and gets a 'gap' for them. */
  [Symbol.asyncIterator]() {
    const queue = new Queue(this.#options.queueMax, (message) => this.#tell("gap", {
      from: message.seq,
      to: message.seq,
      reason: "slow",
      epoch: message.epoch
    }), () => this.#queues.delete(queue));
    if (this.#ended) {
      queue.finish();
    } else {
      this.#queues.add(queue);
    }
    return queue;
  }
  // ---- for the client, which has begun it
  // ask tells the connection what this subscription wants, now or again. Commands wait for that, so that
  // the server gets them in the order in which they were made.
  #ask() {
    this.#asked = this.#want();
  }
  async #want() {
    this.#again.stop();
    this.#synced = false;
    let token;
    try {
      token = await this.#tokens.get();
    } catch (error) {
      this.#later(error);
      return;
    }
    this.#backoff.reset();
    if (!this.#ended) {
      const { last, since, presence } = this.#options;
      this.#port.want({
        holder: this.#holder,
        cname: this.#channel,
        position: this.#position,
        last,
        since: sinceOf(since),
        presence: Boolean(presence),
        token
      });
    }
  }
  // receive takes a message about the channel. addressed: it is the answer to what this subscription asked.
  #receive(message, addressed) {
    if (this.#ended) {
      return;
    }
    switch (message.type) {
      case "subscribed":
        if (addressed) {
          this.#subscribed(message);
        }
        break;
      case "data":
      case "broadcast":
      case "gap":
        this.#numbered(message);
        break;
      case "join":
      case "leave":
        if (this.#options.presence && this.#synced) {
          this.#tell(message.type, { client: message.client, info: message.info });
        }
        break;
      case "close":
        this.#finish("closed");
        break;
      case "error":
        this.#refused(message);
        break;
    }
  }
  // ---- inside
  // later asks again after the application could not give a token.
  #later(error) {
    if (!this.#ended) {
      this.#again.start(this.#backoff.next(), () => this.#ask());
      this.#fail(new IcometError("token", `no token: ${error?.message ?? error}`, { channel: this.#channel, cause: error }));
    }
  }
  #tell(event, detail) {
    return this.#events.emit(event, detail);
  }
  #subscribed({ epoch, seq }) {
    this.#synced = true;
    this.#refusals = 0;
    this.#position ??= { epoch, seq };
    this.#tell("subscribed", { position: this.#position });
  }
  #numbered(message) {
    if (!this.#synced) {
      return;
    }
    switch (judge(this.#position, message)) {
      case "old":
        break;
      case "hole":
        this.#ask();
        break;
      default:
        this.#take(message);
    }
  }
  #take(message) {
    const before = this.#position;
    this.#position = after(message);
    if (message.type === "gap") {
      const from = message.epoch === before.epoch ? Math.max(message.from, before.seq) : message.from;
      this.#tell("gap", { from, to: message.to, reason: message.reason, epoch: message.epoch });
      return;
    }
    const given = new Message(message);
    this.#tell("message", given);
    this.#queues.forEach((queue) => queue.push(given));
  }
  #refused({ code, text, final }) {
    if (code === 401 && this.#tokens.renewable && this.#refusals++ < TOKEN_REFUSALS_MAX2) {
      this.#tokens.forget();
      this.#ask();
      return;
    }
    this.#fail(new IcometError(code, text, { channel: this.#channel, final }));
  }
  #fail(error) {
    const heard = [this.#tell("error", error), this.#port.failed(error)].includes(true) || this.#queues.size > 0;
    if (!heard && error.final) {
      this.#port.env.report(error);
    }
    if (error.final) {
      this.#finish("refused", error);
    }
  }
  #finish(reason, error) {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#again.stop();
    this.#queues.forEach((queue) => queue.finish(error));
    this.#queues.clear();
    this.#port.ended();
    this.#tell("close", { reason, error });
  }
};

// src/client.js
var WAITING = ["waiting", "offline"];
var Client = class {
  #events;
  #settings;
  #link;
  #lifecycle;
  #begun = /* @__PURE__ */ new Map();
  // by channel: maps of subscriptions, as they have begun, by holder
  #lastHolder = 0;
  #state = "idle";
  #transport = "";
  #closed = false;
  /**
   * @param {string | URL} url of the server's front port
   * @param {object} [options] icomet.d.ts lists them
   */
  constructor(url, options = {}) {
    const settings = settingsOf(url, options);
    this.#events = new Emitter(settings.env.report);
    this.#settings = settings;
    const port = {
      message: (message, holders) => this.#deliver(message, holders),
      state: (state, detail) => this.#enter(state, detail),
      error: (error) => this.#events.emit("error", error),
      renew: () => this.#all().forEach(({ ask: ask2 }) => ask2())
    };
    const { env } = settings;
    this.#link = settings.share && canShare(env) ? new SharedLink(settings, env, port) : new Connection(settings, env, port);
    this.#lifecycle = new Lifecycle(env, this.#link, settings.pauseHiddenMs);
  }
  /** on adds a handler and returns a function that takes it away again. README.md lists the events. */
  on(event, handler) {
    return this.#events.on(event, handler);
  }
  once(event, handler) {
    return this.#events.once(event, handler);
  }
  off(event, handler) {
    this.#events.off(event, handler);
  }
  /** 'idle', 'connecting', 'open', 'waiting', 'offline', 'paused' or 'closed'. */
  get state() {
    return this.#state;
  }
  /** The transport in use: 'websocket', 'sse', 'stream', 'poll', or '' while there is none. */
  get transport() {
    return this.#transport;
  }
  subscribe(channel, options = {}) {
    if (this.#closed) {
      throw new IcometError("closed", "the client is closed", { final: true });
    }
    if (typeof channel !== "string" || channel === "") {
      throw new TypeError("a channel has a name");
    }
    const { env, backoffFirstMs, backoffMaxMs, queueMax } = this.#settings;
    const holder = `${this.#settings.tab}.${++this.#lastHolder}`;
    return new Subscription(channel, holder, { queueMax, ...options }, {
      begin: (begun) => this.#add(channel, holder, begun),
      want: (want) => this.#link.want(want),
      ended: () => this.#remove(channel, holder),
      publish: (value, more) => this.publish(channel, value, more),
      members: () => this.#members(channel),
      failed: (error) => this.#events.emit("error", error),
      env,
      newBackoff: () => new Backoff(backoffFirstMs, backoffMaxMs, env.random)
    });
  }
  /** publish resolves to the {seq, epoch} that the message got. It needs a WebSocket. */
  async publish(channel, value, { event } = {}) {
    const { seq, epoch } = await this.#command({ cmd: "publish", cname: channel, event, ...payloadOf(value) });
    return { seq, epoch };
  }
  /** close ends all subscriptions and leaves nothing behind. */
  close() {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#lifecycle.close();
    this.#link.close();
    this.#all().forEach(({ end }) => end());
  }
  async #members(channel) {
    const { members, count } = await this.#command({ cmd: "members", cname: channel });
    return { members, count };
  }
  #command(command) {
    return this.#closed ? Promise.reject(new IcometError("closed", "the client is closed", { final: true })) : this.#link.command(command);
  }
  #all() {
    return [...this.#begun.values()].flatMap((holders) => [...holders.values()]);
  }
  #add(channel, holder, begun) {
    const holders = this.#begun.get(channel) ?? /* @__PURE__ */ new Map();
    this.#begun.set(channel, holders.set(holder, begun));
    begun.ask();
  }
  #remove(channel, holder) {
    const holders = this.#begun.get(channel);
    holders?.delete(holder);
    if (holders?.size === 0) {
      this.#begun.delete(channel);
    }
    if (!this.#closed) {
      this.#link.drop(channel, holder);
    }
  }
  #deliver(message, addressed) {
    for (const [holder, { receive }] of [...this.#begun.get(message.cname) ?? []]) {
      receive(message, addressed?.includes(holder) ?? false);
    }
  }
  #enter(state, { transport = "", retryInMs, error } = {}) {
    if (state === this.#state && transport === this.#transport && !WAITING.includes(state)) {
      return;
    }
    this.#state = state;
    this.#transport = transport;
    this.#events.emit("state", state, { transport, retryInMs, error });
  }
};

// src/drop_in.js
var CLOSED_MIN_MS = 5e3;
var SUB_PATH = /\/(sub|poll|sse|stream)\/?(\?.*)?$/;
var iComet = class {
  #config;
  #env;
  #again;
  // timer
  #client = null;
  #position = null;
  /** @param {object} config as README.md lists it: channel, subUrl, signUrl, pubUrl, callback, history, onState, onLost, onError; and options, those of a Client */
  constructor(config) {
    this.#config = config;
    this.#env = surroundings(config.options?.env);
    this.#again = new Timer(this.#env);
    this.channel = this.cname = config.channel;
    this.sub_url = config.subUrl ?? config.sub_url;
    this.sign_url = config.signUrl ?? config.sign_url;
    this.pub_url = config.pubUrl ?? config.pub_url;
    this.start();
  }
  get stopped() {
    return this.#client === null;
  }
  /** start connects, from where stop left off. */
  start() {
    if (this.#client) {
      return;
    }
    const { onState, onError, options } = this.#config;
    this.#client = new Client(this.sub_url.replace(SUB_PATH, ""), options);
    this.#client.on("state", (state, { transport }) => onState?.(state === "closed" ? "stopped" : state, transport));
    this.#client.on("error", ({ code, message }) => onError?.({ type: String(code), content: message }));
    this.#subscribe(this.#client);
  }
  stop() {
    const client = this.#client;
    this.#client = null;
    this.#again.stop();
    client?.close();
  }
  /** pub publishes a string through pubUrl, or without one over the client's WebSocket. */
  pub(content, callback, failed = this.#config.onError) {
    if (typeof content !== "string") {
      return false;
    }
    const sent = this.pub_url ? this.#post(content) : this.#publish(content);
    sent.then((reply) => callback?.(reply), (error) => failed?.({ type: String(error.code ?? "connection"), content: error.message }));
    return true;
  }
  #subscribe(client) {
    const { callback, sub_callback: other, history, onLost } = this.#config;
    const all = history ? { since: 0 } : {};
    const subscription = client.subscribe(this.channel, {
      token: this.sign_url ? () => this.#sign() : void 0,
      ...this.#position ? { position: this.#position } : all
    });
    subscription.on("message", (message) => {
      this.#position = message.position;
      (callback ?? other)?.(message.content ?? message.data ?? message.bytes, message.type);
    });
    subscription.on("gap", ({ from, to, reason, epoch }) => {
      this.#position = { epoch, seq: to + 1 };
      onLost?.({ reason: reason === "restarted" ? "restart" : "gap", from, to });
    });
    subscription.on("subscribed", ({ position }) => {
      this.#position = position;
    });
    subscription.on("close", ({ reason }) => reason === "closed" && this.#closed(client));
  }
  #closed(client) {
    this.#again.start(CLOSED_MIN_MS * (1 + this.#env.random()), () => this.#subscribe(client));
    this.#config.onError?.({ type: "close", content: "" });
  }
  async #sign() {
    const url = new URL(this.sign_url, globalThis.location?.href);
    url.searchParams.set("cname", this.channel);
    const response = await this.#env.fetch(url, { cache: "no-store" });
    if (!response.ok) {
      throw new IcometError(response.status, "the sign was refused");
    }
    return (await response.json()).token;
  }
  async #post(content) {
    const response = await this.#env.fetch(this.pub_url, { method: "POST", body: new URLSearchParams({ cname: this.channel, content }) });
    if (!response.ok) {
      throw new IcometError(response.status, "the message was refused");
    }
    return response.json();
  }
  async #publish(content) {
    if (!this.#client) {
      throw new IcometError("closed", "the client is stopped");
    }
    return { type: "ok", ...await this.#client.publish(this.channel, content) };
  }
};
export {
  Client,
  IcometError,
  iComet
};
