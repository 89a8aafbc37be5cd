import { surroundings } from './surroundings.js';
import { Tokens } from './tokens.js';
import { usableKinds } from './transport.js';

const MINUTE_MS = 60_000;

export const DEFAULTS = {
  token: undefined,
  transports: ['websocket', 'sse', 'stream', 'poll'],
  share: false,
  client: undefined,
  info: undefined,
  credentials: 'same-origin',
  queueMax: 1000,
  commandTimeoutMs: 10_000,
  helloTimeoutMs: 5000,
  failuresMax: 2,
  backoffFirstMs: 1000,
  backoffMaxMs: 30_000,
  rememberMs: 60 * MINUTE_MS,
  upgradeFirstMs: MINUTE_MS,
  upgradeMaxMs: 60 * MINUTE_MS,
  pauseHiddenMs: 0,
  gatherMs: 10,
  env: {},
};

// urlOf is the server's address, resolved against the page's and without a slash at its end.
function urlOf(url) {
  const base = globalThis.location?.href;
  const whole = base ? new URL(url, base) : new URL(url);
  if (whole.protocol !== 'http:' && whole.protocol !== 'https:') {
    throw new TypeError('the URL of the server begins with http:// or https://');
  }
  return whole.origin + whole.pathname.replace(/\/+$/, '');
}

// paramsOf are the parameters in which a client says who it is.
function paramsOf({ client, info }) {
  const pairs = [['client', client], ['info', typeof info === 'object' ? JSON.stringify(info) : info]];
  return pairs.filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]);
}

/** settingsOf checks the options of a client and makes what the rest works with. */
export function settingsOf(url, options) {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(DEFAULTS, name) && name !== 'storage') {
      throw new TypeError(`there is no option ${JSON.stringify(name)}`);
    }
  }
  const settings = { ...DEFAULTS, ...options };
  const overrides = 'storage' in options ? { storage: options.storage ?? undefined } : {};
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
    shareName: `icomet ${address} ${settings.share === true ? '' : settings.share}`.trimEnd(),
    tab: env.newId(),
  };
}
