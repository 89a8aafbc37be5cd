// The server takes commands of at most 64 KB; this leaves room for the envelope.
const CHANNELS_BYTES_MAX = 60_000;

/**
 * subscribeCommands makes as few commands of feeds as fit. A channel's name alone may be too long, which the server
 * then says.
 *
 * @param {import('./feed.js').Feed[]} feeds
 * @param {() => number} nextId
 * @returns {{id: number, text: string, feeds: import('./feed.js').Feed[]}[]}
 */
export function subscribeCommands(feeds, nextId) {
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
