/*
 * The token stream. The server tells a text on a channel of its own; the page keeps the text and its place in it, so
 * that neither a reload nor a lost connection costs or doubles a token.
 */

import { find, make } from './dom.js';
import { showState } from './connection.js';
import { Line } from './line.js';
import { Story } from './story.js';

const PACE_MS = 40;            // between two tokens, as the server sends them
const BUNDLE_MS = PACE_MS / 2; // tokens closer than this after a break were waiting for us

let story = null;
let line = null;
let caughtUp = true; // since the last break
let heardAt = 0;

function broken() {
  caughtUp = false;
  heardAt = Infinity; // the first token after a break was waiting for us
}

// ---- the story

function received({ event, content, position }) {
  const at = performance.now();
  caughtUp ||= at - heardAt > BUNDLE_MS;
  heardAt = at;
  if (event === 'end') {
    finish(position);
    return;
  }
  const run = story.add(content, !caughtUp);
  story.position = position;
  story.keep();
  showRun(run);
  showTally();
}

function finish(position) {
  story.position = position;
  story.done = true;
  story.keep();
  line.cut();
  showEnd();
}

function missed({ from, to, reason, epoch }) {
  if (reason === 'restarted') {
    problem('The server has forgotten this text, so the rest of it cannot be had.');
    finish({ epoch, seq: to + 1 });
    return;
  }
  story.lost += to - from + 1;
  story.position = { epoch, seq: to + 1 };
  story.keep();
  showTally();
}

function follow() {
  line = new Line(story.channel, story.position, {
    message: received,
    gap: missed,
    error: ({ message }) => problem(`The server says: ${message}`),
    broken,
  });
  line.join();
  showEnd();
}

// ---- the page

function problem(text) {
  find('problem').textContent = text;
  find('problem').hidden = text === '';
}

function showRun(run) {
  const answer = find('answer');
  const follows = answer.scrollHeight - answer.scrollTop - answer.clientHeight < 40;
  const place = story.runs.indexOf(run);
  const text = find('text');
  if (text.children.length <= place) {
    text.append(make('span', run.late ? 'late' : ''));
  }
  text.children[place].textContent = run.text;
  if (follows) {
    answer.scrollTop = answer.scrollHeight;
  }
}

function showTally() {
  find('tokens').textContent = story.tokens;
  find('resumed').textContent = story.resumed;
  find('lost').textContent = story.lost;
}

function showStory() {
  find('empty').hidden = true;
  find('text').replaceChildren();
  story.runs.forEach(showRun);
  showTally();
}

// showEnd shows whether more is to come.
function showEnd() {
  find('answer').setAttribute('aria-busy', !story.done);
  find('cut').disabled = story.done;
  find('cut').textContent = line?.isCut && !story.done ? 'Connect again' : 'Cut the connection';
  find('questions').querySelectorAll('button').forEach((button) => { button.disabled = !story.done; });
  if (story.done) {
    showState('idle');
  }
}

async function ask(text) {
  problem('');
  const response = await fetch(`/demo/tokens?text=${encodeURIComponent(text)}`, { method: 'POST' });
  if (!response.ok) {
    throw new Error((await response.text()).trim());
  }
  const { cname, epoch, seq } = await response.json();
  story = new Story(cname, { epoch, seq });
  story.keep();
  caughtUp = true;
  showStory();
  follow();
}

find('questions').addEventListener('click', ({ target }) => {
  const text = target.dataset.text;
  if (text) {
    ask(text).catch(({ message }) => problem(`That did not work: ${message}`));
  }
});

find('cut').addEventListener('click', () => {
  if (line.isCut) {
    line.join();
  } else {
    line.cut();
    broken();
  }
  showEnd();
});

showState('idle');
story = Story.recalled();
if (story) {
  showStory();
  broken();
  if (story.done) {
    showEnd();
  } else {
    follow();
  }
}
