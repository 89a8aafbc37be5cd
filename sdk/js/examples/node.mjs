// Prints the messages of a channel: node node.mjs http://127.0.0.1:8100 news
// Node has a WebSocket of its own since version 22; before that the client takes another transport.
import { Client } from '../dist/icomet.esm.js';

const [server, channel] = process.argv.slice(2);
const client = new Client(server);
client.on('state', (state, { transport }) => console.error(state, transport));
process.on('SIGINT', () => client.close());

for await (const message of client.subscribe(channel, { last: 10 })) {
  console.log(message.content);
}
