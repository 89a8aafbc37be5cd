/*
 * Parameters of a subscription: what stands behind a cname belongs to that channel, what stands ahead to all.
 */
const CHANNEL_PARAMS = ['seq', 'epoch', 'since', 'token', 'presence'];

function specOf(name, all) {
  return { cname: name, ...all };
}

function set(spec, name, value) {
  if (name === 'seq' && value.startsWith('last:')) {
    spec.last = Number(value.slice(5));
  } else {
    spec[name] = name === 'seq' ? Number(value) : value;
  }
}

export function paramsOf(query) {
  const connection = {};
  const channels = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'cname') {
      channels.push(specOf(value, {}));
    } else if (CHANNEL_PARAMS.includes(name) && channels.length > 0) {
      set(channels.at(-1), name, value);
    } else {
      connection[name] = value;
    }
  }
  return { connection, channels };
}
