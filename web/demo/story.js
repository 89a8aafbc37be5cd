const KEY = 'icomet-demo-story';

/**
 * A Story is a text that comes in tokens, and how far it has come. It is kept in the tab's storage with every token, in
 * one piece: the text and the place to go on from can never disagree.
 *
 * @typedef {{text: string, late: boolean}} Run tokens that came alike; late: they came in a bundle after a break
 */
export class Story {
  channel;
  position;  // of the next token
  runs = []; // {Run[]}
  tokens = 0;
  resumed = 0;
  lost = 0;
  done = false;

  constructor(channel, position) {
    this.channel = channel;
    this.position = position;
  }

  /** recalled returns the story that the page was at before it was reloaded, or null. */
  static recalled() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      return kept && Object.assign(new Story(kept.channel, kept.position), kept);
    } catch {
      return null; // storage is switched off, or holds nothing of ours
    }
  }

  keep() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this));
    } catch {
      // Then a reload begins with nothing.
    }
  }

  /** add takes a token and returns the run that it has become part of. */
  add(token, late) {
    this.tokens++;
    this.resumed += late ? 1 : 0;
    const last = this.runs.at(-1);
    if (last?.late === late) {
      last.text += token;
      return last;
    }
    const run = { text: token, late };
    this.runs.push(run);
    return run;
  }
}
