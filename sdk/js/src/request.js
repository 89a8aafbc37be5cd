/**
 * A subscription in the form that the server reads: as the parameters of a request.
 *
 * @typedef {object} Spec what is asked of one channel; the same object is an entry of a WebSocket command
 * @property {string} cname
 * @property {number} [seq]
 * @property {string} [epoch]
 * @property {number} [last]
 * @property {number | string} [since]
 * @property {string} [token]
 * @property {boolean} [presence]
 *
 * @typedef {object} Request
 * @property {string} token of the connection
 * @property {[string, string][]} params of the application's own
 * @property {Spec[]} channels
 */

// Servers and proxies take at least this much of an address.
const URL_CHARS_MAX = 2000;
// The server takes no longer form.
const FORM_CHARS_MAX = 65536;

// encode is encodeURIComponent for any string: half a surrogate pair becomes U+FFFD instead of an error.
function encode(value) {
  return encodeURIComponent(String(value).replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g,
    (match) => (match.length === 2 ? match : '\uFFFD')));
}

function channelPairs({ cname, seq, epoch, last, since, token, presence }) {
  return [
    ['cname', cname],
    ['seq', last === undefined ? seq : `last:${last}`],
    ['epoch', epoch],
    ['since', since],
    ['token', token],
    ['presence', presence ? 1 : undefined],
  ];
}

/**
 * formOf lists the connection's own parameters first: what stands behind a channel's name is the channel's.
 *
 * @param {Request} request
 */
export function formOf(request) {
  const pairs = [['v', 1], ['token', request.token || undefined], ...request.params, ...request.channels.flatMap(channelPairs)];
  return pairs.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${encode(value)}`).join('&');
}

export function tooLong(form) {
  return form.length > FORM_CHARS_MAX;
}

/** httpRequest is a GET, or a POST where the form is too long for an address. Neither needs a preflight. */
export function httpRequest(url, form, accept) {
  const get = `${url}?${form}`;
  if (get.length <= URL_CHARS_MAX) {
    return { url: get, options: { headers: { Accept: accept }, cache: 'no-store' } };
  }
  const headers = { Accept: accept, 'Content-Type': 'application/x-www-form-urlencoded' };
  return { url, options: { method: 'POST', headers, body: form, cache: 'no-store' } };
}
