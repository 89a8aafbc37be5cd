/*
 * icomet.js subscribes to a channel of an icomet server. One plain script, no other library, ES5.
 *
 *   var comet = new iComet({
 *     channel: 'news',
 *     signUrl: 'https://app.example/sign',     // optional: where to get a token
 *     subUrl: 'https://push.example/sub',
 *     callback: function (content, type) { }
 *   });
 *
 * A client is always in one turn: signing, subscribed, or waiting to try again. begin() ends the turn,
 * and whatever a former turn still answers is ignored, so there are never two connections, and
 * nothing is delivered twice. data_seq is the number of the message expected next; each subscription names it, so
 * the server sends what was missed.
 *
 * In reading order: addresses, requests, transports, messages, failures, turns, the client.
 */
(function (root) {
  'use strict';

  var WATCHDOG_DEFAULT_MS = 60000; // silence after which a connection counts as dead, before any sign
  var WATCHDOG_FACTOR = 1.3;       // the same as a multiple of the server's sub_timeout
  var RETRY_FIRST_MS = 1000;       // the back-off doubles from here,
  var RETRY_MAX_MS = 30000;        // up to here; the actual wait is between a half and all of it
  var BUSY_MIN_MS = 5000;          // wait after 429 or close: between this and twice this
  var SSE_FAILURES_MAX = 2;        // fruitless event streams in a row before long polling is tried
  var EVENT_SOURCE_CLOSED = 2;
  var CHANNEL_TOKEN = /^[0-9a-f]{32}$/;

  var clients = 0;
  var scripts = 0;

  // ---- addresses

  // encode is encodeURIComponent for any string: half a surrogate pair becomes U+FFFD instead of an error.
  function encode(value) {
    return encodeURIComponent(String(value).replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, function (match) {
      return match.length === 2 ? match : '\uFFFD';
    }));
  }

  function form(params) {
    var pairs = [];
    for (var name in params) {
      pairs.push(name + '=' + encode(params[name]));
    }
    return pairs.join('&');
  }

  function withQuery(url, params) {
    return url + (url.indexOf('?') < 0 ? '?' : '&') + form(params);
  }

  // isForeign tells whether url is of another origin than the page. Without a page nothing is foreign.
  function isForeign(url) {
    var parts = /^([a-z][a-z0-9+.\-]*:)?\/\/([^\/?#]*)/i.exec(url);
    var page = root.location;
    if (!parts || !page) {
      return false;
    }
    return (parts[1] || page.protocol).toLowerCase() !== page.protocol || parts[2].toLowerCase() !== page.host;
  }

  // ---- requests
  //
  // Each takes on = {open, reply, fail}: open() once the server has begun to answer, if that can be seen,
  // then either reply(value) or fail(error), error being {type, content}. Each returns a function that
  // gives the request up.

  function failure(type, content) {
    return { type: String(type), content: content || '' };
  }

  // parse reads JSON, also when it is wrapped in the call of a JSONP answer.
  function parse(text) {
    var call = /^\s*[\w$.]*\(([\s\S]*)\);?\s*$/.exec(text);
    return JSON.parse(call ? call[1] : text);
  }

  function askByFetch(url, body, on) {
    var controller = root.AbortController ? new root.AbortController() : null;
    var options = { signal: controller ? controller.signal : undefined };
    if (body !== null) {
      options.method = 'POST';
      options.headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      options.body = body;
    }
    root.fetch(url, options).then(function (response) {
      if (!response.ok) {
        throw failure(response.status, response.statusText);
      }
      on.open();
      return response.text().then(parse);
    }).then(on.reply, function (error) {
      on.fail(error.type ? error : failure('connection', error.message));
    });
    return function () {
      if (controller) {
        controller.abort();
      }
    };
  }

  // askByScript asks by JSONP. urlFor makes the address from the name of the function to be called. A script
  // cannot be taken back, so the name stays until the script has ended, even if nobody wants the answer.
  function askByScript(urlFor, on) {
    var name = 'icomet_cb_' + scripts++;
    var script = root.document.createElement('script');
    var wanted = true;
    root[name] = function (reply) {
      if (wanted) {
        wanted = false;
        on.reply(reply);
      }
    };
    script.onload = script.onerror = function () {
      delete root[name];
      script.parentNode.removeChild(script);
      if (wanted) {
        on.fail(failure('connection', 'no answer'));
      }
    };
    script.src = urlFor(name);
    root.document.head.appendChild(script);
    return function () {
      wanted = false;
    };
  }

  // ask gets url: by fetch from the page's own origin, else by JSONP, which needs no permission of the server.
  function ask(url, on) {
    if (root.fetch && (!root.document || !isForeign(url))) {
      return askByFetch(url, null, on);
    }
    return askByScript(function (name) {
      return withQuery(url, { cb: name, callback: name });
    }, on);
  }

  // ---- transports
  //
  // A transport is a request that may call reply more than once. A poll answers once: one message or an array.

  var SUB_PATH = /\/sub(?=\?|$)/;

  // parseEvent is null for an event that is not JSON. One such event is skipped, and shows as a gap; asking again
  // would only bring it again.
  function parseEvent(text) {
    try {
      return parse(text);
    } catch (error) {
      return null;
    }
  }

  function openEvents(url, on) {
    var source = new root.EventSource(url);
    source.onopen = on.open;
    source.onmessage = function (event) {
      on.reply(parseEvent(event.data));
    };
    source.onerror = function () {
      var error = failure('connection', 'event stream ended');
      error.refused = source.readyState === EVENT_SOURCE_CLOSED; // not to be had at all: status or type is wrong
      on.fail(error);
    };
    return function () {
      source.close();
    };
  }

  function pickTransport(self) {
    var able = root.EventSource && SUB_PATH.test(self.sub_url) && self._config.transport !== 'poll';
    return able && self._sseFailures < SSE_FAILURES_MAX ? 'sse' : 'poll';
  }

  // blameTransport counts event streams that brought nothing at all: refused, or swallowed by a proxy on
  // the way. When polling fails as well, the stream was not to blame and gets another chance.
  function blameTransport(self, error) {
    if (self.transport === 'poll') {
      self._sseFailures = Math.min(self._sseFailures, SSE_FAILURES_MAX - 1);
    } else if (!self._heard && (error.refused || error.type === 'timeout')) {
      self._sseFailures++;
    }
  }

  // ---- messages
  //
  // Each returns whether it took the subscription forward. Numbers are 32 bits wide and wrap around.

  var messageTypes = {
    data: onData,
    broadcast: onData,
    next_seq: onNextSeq,
    noop: onNoop,
    close: onRefusal,
    401: onRefusal,
    429: onRefusal
  };

  function onData(self, message) {
    var ahead = (message.seq - self.data_seq) | 0;
    var restarted = ahead < 0 && (message.seq === 0 || message.seq === 1);
    if (self._settled && ahead < 0 && !restarted) {
      return false;
    }
    var lost = self._settled && ahead !== 0 ? loss(self, message.seq, restarted) : null;
    settle(self, message.seq + 1);
    reportLost(self, lost);
    emit(self._config.callback || self._config.sub_callback, message.content, message.type);
    return true;
  }

  // A next_seq below ours means that the channel has begun a new life. All of its messages are new to us, so
  // they are asked for from the first.
  function onNextSeq(self, message) {
    var ahead = (message.seq - self.data_seq) | 0;
    var restarted = self._settled && ahead < 0;
    var lost = self._settled && ahead !== 0 ? loss(self, message.seq, restarted) : null;
    var changed = !self._settled || ahead !== 0;
    settle(self, restarted ? 1 : message.seq);
    if (self.data_seq !== message.seq) {
      subscribe(self);
    }
    reportLost(self, lost);
    return changed;
  }

  function onNoop(self, message) {
    self.noop_seq = (message.seq + 1) | 0;
    return true;
  }

  function onRefusal(self, message) {
    fail(self, failure(message.type, message.content));
    return true;
  }

  function settle(self, seq) {
    self.data_seq = seq | 0;
    self._settled = true;
  }

  // loss describes what is missing when the server goes on with seq instead of data_seq.
  function loss(self, seq, restarted) {
    return restarted ?
      { reason: 'restart', from: self.data_seq } :
      { reason: 'gap', from: self.data_seq, to: (seq - 1) | 0 };
  }

  function reportLost(self, lost) {
    if (lost) {
      emit(self._config.onLost, lost);
    }
  }

  // receive takes the answer of a poll or an event: one message or an array of them. A handler may end the turn
  // (by stop, for one); the rest of an array is then left, and is sent again to the next subscription.
  function receive(self, reply) {
    var turn = self._turn;
    var messages = Array.isArray(reply) ? reply : [reply];
    var progress = false;
    self._heard = true;
    self._sseFailures = self.transport === 'sse' ? 0 : self._sseFailures;
    setState(self, 'open');
    for (var i = 0; i < messages.length && turn === self._turn; i++) {
      progress = handle(self, messages[i]) || progress;
    }
    if (turn === self._turn) {
      goOn(self, progress);
    }
  }

  function handle(self, message) {
    var known = message && messageTypes.hasOwnProperty(message.type);
    return known ? messageTypes[message.type](self, message) : false;
  }

  function goOn(self, progress) {
    self._failures = progress ? 0 : self._failures;
    if (self.transport === 'sse') {
      watch(self);
    } else if (progress) {
      subscribe(self);
    } else {
      fail(self, failure('protocol', 'answer not understood'));
    }
  }

  // ---- failures

  // fail ends the turn and plans the next one. A refused token, a closed channel and silence call for a new
  // sign; without a signUrl a refused token is final.
  function fail(self, error) {
    blameTransport(self, error);
    if (error.type === '401' || error.type === 'close' || error.type === 'timeout') {
      self._signed = false;
    }
    if (error.type === 'close') {
      settle(self, 1);
    }
    if (error.type === '401' && !self.sign_url) {
      self.stop();
    } else {
      wait(self, error.type === '429' || error.type === 'close' ? BUSY_MIN_MS * (1 + Math.random()) : backoff(self));
    }
    emit(self._config.onError, error);
  }

  function backoff(self) {
    var most = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * Math.pow(2, self._failures));
    self._failures++;
    return most * (0.5 + Math.random() / 2);
  }

  // emit calls a function of the page, if there is one. What it throws must not end the subscription.
  function emit(listener, first, second) {
    if (!listener) {
      return;
    }
    try {
      listener(first, second);
    } catch (error) {
      if (root.console) {
        root.console.error(error);
      }
    }
  }

  // ---- turns

  function begin(self) {
    var cancel = self._cancel;
    self._turn++;
    self._cancel = null;
    root.clearTimeout(self._timer);
    if (cancel) {
      cancel();
    }
  }

  // during makes action a function that does nothing once the turn in which it was made is over.
  function during(self, action) {
    var turn = self._turn;
    return function (value) {
      if (turn === self._turn) {
        action(self, value);
      }
    };
  }

  function setTimer(self, ms, action) {
    root.clearTimeout(self._timer);
    self._timer = root.setTimeout(during(self, action), ms);
  }

  function watch(self) {
    setTimer(self, self.sub_timeout, function () {
      fail(self, failure('timeout', 'nothing heard for ' + self.sub_timeout + ' ms'));
    });
  }

  function wait(self, ms) {
    begin(self);
    setTimer(self, ms, connect);
    setState(self, 'waiting');
  }

  function connect(self) {
    self.transport = pickTransport(self);
    if (self._signed || !self.sign_url) {
      subscribe(self);
    } else {
      sign(self);
    }
    setState(self, 'connecting');
  }

  function sign(self) {
    begin(self);
    watch(self);
    self._heard = true; // a sign that fails says nothing about the transport
    self._cancel = ask(withQuery(self.sign_url, { cname: self._config.channel, _: Date.now() }), {
      open: function () {},
      reply: during(self, onSign),
      fail: during(self, fail)
    });
  }

  function onSign(self, reply) {
    if (!reply || reply.type !== 'sign') {
      fail(self, reply && reply.type ? failure(reply.type, reply.content) : failure('protocol', 'sign was not answered'));
      return;
    }
    if (typeof reply.cname === 'string') {
      self.channel = self.cname = reply.cname;
    }
    var lost = noteToken(self, reply.token || '');
    if (reply.sub_timeout > 0) {
      self.sub_timeout = reply.sub_timeout * 1000 * WATCHDOG_FACTOR;
    }
    if (self._config.history && !self._settled && typeof reply.seq === 'number') {
      settle(self, reply.seq);
    }
    self._signed = true;
    subscribe(self);
    reportLost(self, lost);
  }

  // noteToken takes the token of a sign and returns what is lost by it, or null. A token of the server's own belongs to
  // one life of the channel, so another one means that all messages are new, even if their numbers look familiar.
  // Tokens of any other form prove nothing.
  function noteToken(self, token) {
    var renewed = token !== self.token && CHANNEL_TOKEN.test(token) && CHANNEL_TOKEN.test(self.token);
    self.token = token;
    if (!renewed || !self._settled) {
      return null;
    }
    var lost = loss(self, 1, true);
    settle(self, 1);
    return lost;
  }

  function subscribe(self) {
    var sse = self.transport === 'sse';
    var open = sse ? openEvents : ask;
    begin(self);
    watch(self);
    self._heard = false;
    self._cancel = open(withQuery(sse ? self.sub_url.replace(SUB_PATH, '/sse') : self.sub_url, {
      cname: self.channel,
      seq: self.data_seq,
      noop: self.noop_seq,
      token: self.token,
      _: Date.now()
    }), {
      open: during(self, function () { setState(self, 'open'); }),
      reply: during(self, receive),
      fail: during(self, fail)
    });
  }

  function setState(self, state) {
    if (self.state !== state) {
      self.state = state;
      emit(self._config.onState, state, self.transport);
    }
  }

  // ---- the client

  // iComet makes a client and starts it. DROP-IN.md lists the options.
  function iComet(config) {
    var self = this;
    self._config = config;
    self.id = clients++;
    self.channel = self.cname = config.channel;
    self.sub_url = config.subUrl || config.sub_url;
    self.sign_url = config.signUrl || config.sign_url;
    self.pub_url = config.pubUrl || config.pub_url;
    self.sub_timeout = config.sub_timeout || WATCHDOG_DEFAULT_MS; // ms
    self.token = '';
    self.data_seq = config.history && !self.sign_url ? 1 : 0; // 0: not known yet, only what comes from now on
    self.noop_seq = 0;
    self.stopped = true;
    self.state = 'stopped'; // stopped, connecting, open or waiting
    self.transport = '';    // sse or poll
    self._turn = 0;
    self._cancel = null;    // gives up the request of this turn
    self._timer = null;     // the watchdog, or the end of waiting
    self._settled = false;  // data_seq comes from the server
    self._online = function () { connect(self); };
    self.start();
  }

  // start connects, from where stop left off; it does nothing if the client runs already.
  iComet.prototype.start = function () {
    if (!this.stopped) {
      return;
    }
    this.stopped = false;
    this._signed = false;
    this._failures = 0;
    this._sseFailures = 0;
    if (root.addEventListener) {
      root.addEventListener('online', this._online);
    }
    connect(this);
  };

  // stop disconnects. The callback is not called any more.
  iComet.prototype.stop = function () {
    this.stopped = true;
    begin(this);
    if (root.removeEventListener) {
      root.removeEventListener('online', this._online);
    }
    setState(this, 'stopped');
  };

  var PLACEHOLDER = /=\?(?=&|$)/;

  // pub publishes the string content to the channel through pubUrl: by JSONP if that contains "=?" (such as
  // /push?cb=?), else by fetch. It calls callback with the answer, or failed (default: onError) with an error.
  // It returns false, and does nothing else, if content is not a string or there is no pubUrl.
  iComet.prototype.pub = function (content, callback, failed) {
    if (typeof content !== 'string' || !this.pub_url) {
      return false;
    }
    var params = { cname: this.channel, content: content };
    var url = withQuery(this.pub_url, params);
    var on = {
      open: function () {},
      reply: function (reply) { emit(callback, reply); },
      fail: (function (error) { emit(failed || this._config.onError, error); }).bind(this)
    };
    if (PLACEHOLDER.test(this.pub_url)) {
      askByScript(function (name) { return url.replace(PLACEHOLDER, '=' + name); }, on);
    } else if (this._config.pubMethod === 'POST') {
      askByFetch(this.pub_url, form(params), on);
    } else {
      askByFetch(url, null, on);
    }
    return true;
  };

  if (typeof module === 'object' && module.exports) {
    module.exports = iComet;
  } else {
    root.iComet = iComet;
  }
})(typeof globalThis === 'object' ? globalThis : self);
