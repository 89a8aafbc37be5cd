import { ask } from './answer.js';
import { malformed } from './endings.js';
import { formOf } from './request.js';

/**
 * Long polling. The first good answer counts as the hello, which polls do not get from the server.
 *
 * @type {import('./transport.js').Transport}
 */
export const poll = {
  usable: (env) => Boolean(env.fetch),
  patient: true,
  open(opening) {
    let closed = false;
    let giveUp = () => {};
    const read = async (response, form) => {
      const messages = JSON.parse(await response.text());
      if (!Array.isArray(messages)) {
        return malformed('the answer to a poll is not an array');
      }
      opening.onMessage({ type: 'hello' });
      messages.forEach((message) => closed || opening.onMessage(message));
      return closed ? null : next(messages, form);
    };
    // next asks again, unless that would only bring the same answer once more.
    const next = (messages, form) => {
      const request = opening.request();
      if (request.channels.length === 0) {
        return null;
      }
      if (formOf(request) === form && !messages.some((message) => message.type === 'noop')) {
        return malformed('a poll brought nothing');
      }
      start();
      return null;
    };
    const start = () => {
      giveUp = ask(opening, '/poll', 'application/json', read);
    };
    start();
    return {
      close() {
        closed = true;
        giveUp();
      },
    };
  },
};
