/*
 * The chat: a room is a channel, named by the hash of the address. What is published is a post (post.js); anything
 * else that arrives, say from curl, is shown as a notice.
 */

import { find } from './dom.js';
import { showState } from './connection.js';
import { become, lastName, thisPerson } from './person.js';
import { nameOf, People } from './people.js';
import { newPost, readPost } from './post.js';
import { Room } from './room.js';
import { Talk } from './talk.js';

const ROOM_MAX = 64; // characters, as in chat.html

let visit = null;    // {name, me, room, talk, people} while in a room
let unread = 0;

function roomOfHash() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim().slice(0, ROOM_MAX);
  } catch {
    return location.hash.slice(1, ROOM_MAX + 1); // a stray % sign
  }
}

function showTitle() {
  document.title = `${unread ? `(${unread}) ` : ''}${visit ? `#${visit.name} · ` : ''}icomet chat`;
}

// ---- a visit to a room

function textOf({ content, data, bytes }) {
  return content ?? (bytes ? `${bytes.length} bytes` : JSON.stringify(data));
}

function received({ talk, me }, message) {
  const post = readPost(message.data);
  if (!post) {
    talk.notice(textOf(message));
  } else if (talk.arrived(post) && post.from !== me.client && document.hidden) {
    unread++;
    showTitle();
  }
}

function enter(name, me) {
  const talk = new Talk(me);
  const people = new People(me);
  find('room-title').textContent = `#${name}`;
  find('join').hidden = true;
  find('chat').hidden = false;
  visit = { name, me, talk, people };
  visit.room = new Room(name, me, {
    message: (message) => received({ talk, me }, message),
    members: (members, count) => people.set(members, count),
    joined: (member) => people.join(member) && member.client !== me.client && talk.coming(`${nameOf(member.info)} has come`),
    left: (member) => {
      people.leave(member);
      talk.coming(`${nameOf(member.info)} has gone`);
    },
    state: showState,
    notice: (text) => talk.notice(text),
  });
  showTitle();
  find('text').focus();
}

function quit() {
  visit?.room.close();
  visit = null;
  unread = 0;
  find('chat').hidden = true;
  find('join').hidden = false;
  showPeople(false);
  showTitle();
}

function send({ room, talk }, post) {
  room.publish(post).catch(() => talk.failed(post, () => {
    find('text').focus();
    send({ room, talk }, post);
  }));
}

function say(text) {
  const post = newPost(visit.me, text);
  visit.talk.say(post);
  send(visit, post);
}

// ---- the page

// route shows what the address names: a room, if it is known who enters it, else the form to join.
function route() {
  const wanted = roomOfHash();
  const me = thisPerson();
  quit();
  if (wanted && me) {
    enter(wanted, me);
    return;
  }
  find('name').value = lastName();
  find('room').value = wanted || 'lobby';
  find(find('name').value ? 'room' : 'name').focus();
}

function go(name) {
  const hash = `#${encodeURIComponent(name)}`;
  if (location.hash === hash) {
    route();
  } else {
    location.hash = hash; // route follows by hashchange
  }
}

function grow() {
  find('text').rows = Math.min(5, find('text').value.split('\n').length);
}

function showPeople(open) {
  find('people').classList.toggle('open', open);
  find('who').setAttribute('aria-expanded', open);
}

find('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = find('name').value.trim();
  const wanted = find('room').value.trim();
  if (name && wanted) {
    become(name);
    go(wanted);
  }
});

find('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = find('text');
  const text = field.value.trim();
  if (text) {
    field.value = '';
    grow();
    say(text);
  }
  field.focus();
});

find('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find('composer').requestSubmit();
  }
});

find('copy').addEventListener('click', () => {
  const tell = (text) => () => { find('copy').textContent = text; };
  // Browsers offer the clipboard to secure pages only.
  (navigator.clipboard?.writeText(location.href) ?? Promise.reject()).then(tell('Copied'), tell('Copy the address'));
});

find('copy').addEventListener('blur', () => { find('copy').textContent = 'Copy link'; });
find('leave').addEventListener('click', () => { location.hash = ''; });
find('who').addEventListener('click', () => showPeople(!find('people').classList.contains('open')));
find('newest').addEventListener('click', () => visit?.talk.toBottom());
find('scroller').addEventListener('scroll', () => visit?.talk.scrolled());
find('text').addEventListener('input', grow);
document.addEventListener('keydown', (event) => event.key !== 'Escape' || showPeople(false));
window.addEventListener('hashchange', route);
document.addEventListener('visibilitychange', () => {
  unread = document.hidden ? unread : 0;
  showTitle();
});
route();
