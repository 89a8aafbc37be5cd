/*
 * The chat demo: a room is a channel, named by the hash of the address. What is published is JSON:
 * {id, from, name, text, at}; anything else that arrives (say, from curl) is shown as a notice.
 *
 * Whatever people typed reaches the page only as textContent or as the value of a field.
 * With ?transport=poll in the address the client uses long polling even where event streams work.
 *
 * In reading order: the page, what is remembered, the list of messages, the room, the forms.
 */
(function () {
  'use strict';

  const MESSAGES_MAX = 300;   // shown; the oldest go first
  const NAME_MAX = 32;        // characters, as in index.html
  const TEXT_MAX = 2000;
  const ROOM_MAX = 64;
  const CHANNEL_PREFIX = 'chat-'; // the demo's server takes no others
  const HUES = 8;             // colours of names in style.css
  const NEAR_BOTTOM_PX = 80;  // closer than this, the list follows new messages
  const SAME_BREATH_MS = 5 * 60 * 1000; // messages of one person within this time share one name line

  // ---- the page

  const find = (id) => document.getElementById(id);
  const page = {
    join: find('join'), joinForm: find('join-form'), name: find('name'), room: find('room'),
    chat: find('chat'), title: find('room-title'), state: find('state'), stateText: find('state-text'),
    copy: find('copy'), leave: find('leave'), scroller: find('scroller'), empty: find('empty'),
    list: find('list'), newest: find('newest'), composer: find('composer'), text: find('text'),
  };

  function make(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text || '';
    return element;
  }

  function randomId() {
    return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');
  }

  // ---- what is remembered: a name per tab, so that two tabs can be two people; the last one is offered to new tabs.

  function recall(key) {
    try {
      return sessionStorage.getItem(key) || localStorage.getItem(key) || '';
    } catch (error) {
      return ''; // storage is switched off
    }
  }

  function remember(key, value) {
    try {
      sessionStorage.setItem(key, value);
      localStorage.setItem(key, value);
    } catch (error) {
      return; // then the name is asked for again next time
    }
  }

  const me = { from: randomId(), name: recall('icomet-chat-name') };

  function roomOfHash() {
    try {
      return decodeURIComponent(location.hash.slice(1)).trim().slice(0, ROOM_MAX);
    } catch (error) {
      return location.hash.slice(1, ROOM_MAX + 1); // a stray % sign
    }
  }

  // ---- the list of messages

  const pending = new Map(); // id → element of a message that has not come back yet
  let newestPost = null;     // {from, name, at, element} of the last message, to group what follows
  let unread = 0;

  function isNearBottom() {
    const box = page.scroller;
    return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_BOTTOM_PX;
  }

  function toBottom() {
    page.scroller.scrollTop = page.scroller.scrollHeight;
    page.newest.hidden = true;
  }

  function append(element, follow) {
    page.empty.hidden = true;
    page.list.append(element);
    while (page.list.children.length > MESSAGES_MAX) {
      pending.delete(page.list.firstChild.dataset.id);
      page.list.firstChild.remove();
    }
    if (follow) {
      toBottom();
    } else {
      page.newest.hidden = false;
    }
  }

  function notice(text) {
    newestPost = null;
    append(make('li', 'notice', text), isNearBottom());
  }

  function hueOf(name) {
    let sum = 0;
    for (const character of name) {
      sum = (sum * 31 + character.codePointAt(0)) >>> 0;
    }
    return sum % HUES;
  }

  function timeElement(at) {
    const time = make('time', 'time', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
    time.dateTime = new Date(at).toISOString();
    return time;
  }

  function continues(post) {
    return newestPost && newestPost.from === post.from && newestPost.name === post.name &&
      Math.abs(post.at - newestPost.at) < SAME_BREATH_MS;
  }

  function postElement(post) {
    const mine = post.from === me.from;
    const item = make('li', `post hue-${hueOf(post.name)}`);
    item.classList.toggle('mine', mine);
    item.classList.toggle('more', Boolean(continues(post)));
    item.dataset.id = post.id;
    const avatar = make('span', 'avatar', Array.from(post.name)[0].toUpperCase());
    avatar.setAttribute('aria-hidden', 'true');
    const body = make('div', 'body');
    const head = make('div', 'head');
    head.append(make('span', 'who', mine ? `${post.name} (you)` : post.name), timeElement(post.at));
    body.append(head, make('p', 'bubble', post.text));
    item.append(avatar, body);
    return item;
  }

  function showPost(post) {
    const follow = isNearBottom() || post.from === me.from;
    const element = postElement(post);
    newestPost = post;
    append(element, follow);
    return element;
  }

  // arrived shows a message of the channel. Our own is on the page already, and is now known to be delivered.
  function arrived(post) {
    const element = pending.get(post.id);
    if (element) {
      pending.delete(post.id);
      element.classList.remove('sending');
      return;
    }
    showPost(post);
    if (document.hidden) {
      unread++;
      showTitle();
    }
  }

  function clearList() {
    pending.clear();
    newestPost = null;
    page.list.replaceChildren();
    page.empty.hidden = false;
    page.newest.hidden = true;
  }

  // readPost returns the message in content, or null if it is not one of this page's.
  function readPost(content) {
    let post;
    try {
      post = JSON.parse(content);
    } catch (error) {
      return null;
    }
    const whole = post && ['id', 'from', 'name', 'text'].every((key) => typeof post[key] === 'string' && post[key]) &&
      Math.abs(post.at) < 8.64e15; // what Date can hold
    return whole ? { ...post, name: post.name.slice(0, NAME_MAX), text: post.text.slice(0, TEXT_MAX) } : null;
  }

  // ---- the room

  const TRANSPORTS = { sse: 'SSE', poll: 'long polling' };
  const STATES = { connecting: 'Connecting', open: 'Live', waiting: 'Connection lost, trying again', stopped: 'Not connected' };
  const transport = new URLSearchParams(location.search).get('transport') === 'poll' ? 'poll' : 'auto';
  let comet = null;
  let room = '';

  function showTitle() {
    document.title = `${unread ? `(${unread}) ` : ''}${room ? `#${room} · ` : ''}icomet chat`;
  }

  function showState(state, used) {
    page.state.dataset.state = state;
    page.stateText.textContent = `${STATES[state]} · ${TRANSPORTS[used]}`;
  }

  function showError(error) {
    if (error.type === '401') {
      notice('The server did not accept this tab. Trying again with a new token.');
    } else if (error.type === '429') {
      notice('The room is full at the moment. Trying again.');
    } else if (error.type === 'close') {
      notice('The room was closed. Coming back shortly.');
    }
  }

  function showLost(lost) {
    notice(lost.reason === 'gap' ? 'Some messages were missed here.' : 'The room has begun anew.');
  }

  function enter(name) {
    room = name;
    clearList();
    page.title.textContent = `#${room}`;
    page.join.hidden = true;
    page.chat.hidden = false;
    showTitle();
    comet = new iComet({
      channel: CHANNEL_PREFIX + room,
      signUrl: '/demo/sign',
      subUrl: '/sub',
      pubUrl: '/demo/pub',
      pubMethod: 'POST',
      history: true,
      transport: transport,
      callback: (content, type) => {
        const post = type === 'data' ? readPost(content) : null;
        if (post) {
          arrived(post);
        } else {
          notice(content);
        }
      },
      onState: showState,
      onLost: showLost,
      onError: showError,
    });
    page.text.focus();
  }

  function quit() {
    if (comet) {
      comet.stop();
      comet = null;
    }
    room = '';
    unread = 0;
    page.chat.hidden = true;
    page.join.hidden = false;
    showTitle();
  }

  function say(text) {
    const post = { id: randomId(), from: me.from, name: me.name, text: text, at: Date.now() };
    const element = showPost(post);
    send(post, element);
  }

  function send(post, element) {
    element.classList.add('sending');
    pending.set(post.id, element);
    comet.pub(JSON.stringify(post), null, () => {
      if (pending.delete(post.id)) {
        element.classList.remove('sending');
        offerRetry(post, element);
      }
    });
  }

  function offerRetry(post, element) {
    const again = make('button', 'again', 'Not sent. Try again');
    again.type = 'button';
    again.addEventListener('click', () => {
      again.remove();
      page.text.focus();
      send(post, element);
    });
    element.querySelector('.body').append(again);
  }

  // ---- the forms

  // route shows what the address names: a room, if there is a name to enter it with, else the join form.
  function route() {
    const wanted = roomOfHash();
    quit();
    if (wanted && me.name) {
      enter(wanted);
      return;
    }
    page.name.value = me.name;
    page.room.value = wanted || 'lobby';
    (me.name ? page.room : page.name).focus();
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
    page.text.rows = Math.min(5, page.text.value.split('\n').length);
  }

  page.joinForm.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = page.name.value.trim();
    const wanted = page.room.value.trim();
    if (name && wanted) {
      me.name = name;
      remember('icomet-chat-name', name);
      go(wanted);
    }
  });

  page.composer.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = page.text.value.trim();
    if (text) {
      page.text.value = '';
      grow();
      say(text);
    }
    page.text.focus();
  });

  page.text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      page.composer.requestSubmit();
    }
  });

  page.copy.addEventListener('click', () => {
    const done = () => { page.copy.textContent = 'Copied'; };
    const failed = () => { page.copy.textContent = 'Copy the address'; };
    // Browsers offer the clipboard to secure pages only.
    (navigator.clipboard ? navigator.clipboard.writeText(location.href) : Promise.reject()).then(done, failed);
  });

  page.copy.addEventListener('blur', () => { page.copy.textContent = 'Copy link'; });
  page.leave.addEventListener('click', () => { location.hash = ''; });
  page.newest.addEventListener('click', toBottom);
  page.text.addEventListener('input', grow);
  page.scroller.addEventListener('scroll', () => { page.newest.hidden = page.newest.hidden || isNearBottom(); });
  window.addEventListener('hashchange', route);
  document.addEventListener('visibilitychange', () => {
    unread = document.hidden ? unread : 0;
    showTitle();
  });
  route();
})();
