/**
 * Why a connection has ended, and what follows from it. Everything that servers and proxies say about that is in
 * this file.
 *
 * @typedef {object} Ending
 * @property {string | number} code a word of ours, an HTTP status, or a close code
 * @property {string} text for people
 * @property {boolean} [reached] the server itself said so: the transport is not to blame
 * @property {boolean} [condemn] the transport will not get through here: take the next one at once
 * @property {boolean} [token] the token was refused or is over: get a new one first
 * @property {boolean} [soon] the server asks to come back: not an error, and the wait does not grow
 * @property {number} [retryAfterMs] the server's own word on when to come back
 */

const CLOSE_CODES = {
  1001: { text: 'the server stops or restarts', reached: true, soon: true },
  1002: { text: 'the server saw a broken frame', condemn: true },
  1003: { text: 'the server does not take binary commands', condemn: true },
  1007: { text: 'the server saw text that is not UTF-8', condemn: true },
  1009: { text: 'a command was too long', condemn: true },
  4400: { text: 'the server does not understand this client', condemn: true },
  4401: { text: 'the token has expired', reached: true, token: true },
};

const STATUSES = {
  401: { reached: true, token: true },
  403: { reached: true },
  429: { reached: true },
  503: { reached: true },
  404: { condemn: true },
  405: { condemn: true },
  413: { condemn: true },
  414: { condemn: true },
  501: { condemn: true },
};

const RETRY_AFTER_MAX_MS = 3600_000;

/** @returns {Ending} */
export function closed(code, text) {
  return { code, text: text || 'the connection was lost', ...CLOSE_CODES[code] };
}

/** retryAfterMs reads the header: seconds, or a date. */
export function retryAfterMs(header, nowMs) {
  if (!header) {
    return undefined;
  }
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}

/** @returns {Ending} */
export function answered(response, nowMs) {
  return {
    code: response.status,
    text: `the server answered ${response.status} ${response.statusText}`.trim(),
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), nowMs),
    ...STATUSES[response.status],
  };
}

/** @returns {Ending} */
export function lost(error) {
  return { code: 'connection', text: error?.message || 'the connection was lost' };
}

/** @returns {Ending} */
export function silent() {
  return { code: 'timeout', text: 'nothing was heard for too long' };
}

/**
 * unheard is for a connection without a first message in time. If the head of an answer came, something on the way
 * keeps the rest back, and will do so again.
 *
 * @returns {Ending}
 */
export function unheard(gotHead) {
  return gotHead ?
    { code: 'buffered', text: 'something on the way holds back what the server sends', condemn: true } :
    { code: 'timeout', text: 'no first message in time' };
}

/** @returns {Ending} */
export function malformed(text) {
  return { code: 'protocol', text };
}

/** @returns {Ending} */
export function foreign() {
  return { code: 'protocol', text: 'what answers does not speak version 1 of the protocol', condemn: true };
}
