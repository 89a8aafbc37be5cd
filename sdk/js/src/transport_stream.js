import { endless } from './answer.js';

/** @type {import('./transport.js').Transport} */
export const stream = {
  usable: (env) => Boolean(env.fetch && globalThis.ReadableStream),
  patient: false,
  open: (opening) => endless(opening, '/stream', 'application/json', (line) => line),
};
