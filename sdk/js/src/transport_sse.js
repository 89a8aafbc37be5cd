import { endless } from './answer.js';

const DATA = /^data: ?/;

/**
 * Server-Sent Events, read by fetch: an EventSource shows events with a name only to those who know the name, hides the
 * status of a refusal, and sends no form. What the lines with id say is in the messages as well.
 *
 * @type {import('./transport.js').Transport}
 */
export const sse = {
  usable: (env) => Boolean(env.fetch && globalThis.ReadableStream),
  patient: false,
  open: (opening) => endless(opening, '/sse', 'text/event-stream', (line) => (DATA.test(line) ? line.replace(DATA, '') : '')),
};
