/** IcometError is every error that this client makes: `code` is a word of ours, a code of the server, or an HTTP status. */
export class IcometError extends Error {
  name = 'IcometError';

  /**
   * @param {string | number} code
   * @param {string} text
   * @param {{channel?: string, final?: boolean, cause?: unknown}} [more] final: the client does not try again by itself
   */
  constructor(code, text, more = {}) {
    super(text, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.channel = more.channel;
    this.final = more.final ?? false;
  }
}
