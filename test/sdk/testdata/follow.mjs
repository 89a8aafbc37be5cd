// Follows channels a and b over one transport until each has brought as many messages as are expected, and prints a
// line for all that happens: node follow.mjs URL TRANSPORT COUNT
import { Client } from '../../../sdk/js/dist/icomet.esm.js';
import { FakeWebSocket } from '../../../sdk/js/fake/v1/websocket.mjs';

const [url, transport, count] = process.argv.slice(2);
const env = { WebSocket: globalThis.WebSocket ?? FakeWebSocket };
const client = new Client(url, { transports: [transport], env, backoffFirstMs: 20, client: 'node' });
let unfinished = 2;

for (const channel of ['a', 'b']) {
  let received = 0;
  const subscription = client.subscribe(channel, { presence: true });
  subscription.on('subscribed', () => console.log('subscribed', channel));
  subscription.on('gap', ({ from, to, reason }) => console.log('gap', channel, from, to, reason));
  subscription.on('message', (message) => {
    console.log('message', channel, message.content);
    if (++received === Number(count) && --unfinished === 0) {
      client.close();
    }
  });
}
