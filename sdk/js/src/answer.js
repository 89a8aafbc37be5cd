import { answered, lost, malformed } from './endings.js';
import { formOf, httpRequest, tooLong } from './request.js';

// A line without an end is not kept beyond this.
const LINE_CHARS_MAX = 16 << 20;

/**
 * ask makes a request and hands a good answer to read(response), whose result is how the answer ended. It returns
 * a function that gives the request up.
 *
 * @param {import('./transport.js').Opening} opening
 */
export function ask({ env, url, credentials, request, onHead, onEnd }, path, accept, read) {
  const form = formOf(request());
  const controller = new AbortController();
  let closed = false;
  const run = async () => {
    if (tooLong(form)) {
      return { code: 413, text: 'too many channels for one request', condemn: true };
    }
    const { url: address, options } = httpRequest(url + path, form, accept);
    const response = await env.fetch(address, { ...options, credentials, signal: controller.signal });
    if (!response.ok) {
      return answered(response, env.now());
    }
    onHead();
    return read(response, form);
  };
  run().catch((error) => (error instanceof SyntaxError ? malformed(error.message) : lost(error))).then((ending) => {
    if (ending && !closed) {
      controller.abort(); // what is left of the answer, if anything, is of no use
      onEnd(ending);
    }
  });
  return () => {
    closed = true;
    controller.abort();
  };
}

/** endless opens an answer that does not end by itself; jsonOf finds the message in a line, if there is one. */
export function endless(opening, path, accept, jsonOf) {
  const close = ask(opening, path, accept, (response) => readLines(response, (line) => {
    const json = jsonOf(line);
    if (json) {
      opening.onMessage(JSON.parse(json));
    }
  }));
  return { close };
}

async function readLines(response, take) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return { code: 'end', text: 'the answer has ended' };
    }
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop();
    lines.forEach((line) => take(line.endsWith('\r') ? line.slice(0, -1) : line));
    if (rest.length > LINE_CHARS_MAX) {
      return malformed('a line is too long');
    }
  }
}
