import { find, make } from './dom.js';
import { avatarOf } from './avatar.js';

const ITEMS_MAX = 300;                // shown; the oldest go first
const NEAR_BOTTOM_PX = 80;            // closer than this, the list follows what is new
const SAME_BREATH_MS = 5 * 60 * 1000; // posts of one person within this time share one name line

function timeOf(at) {
  const time = make('time', 'time', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = new Date(at).toISOString();
  return time;
}

/** Talk is the list of what was said in a room. */
export class Talk {
  #me;
  #scroller = find('scroller');
  #list = find('list');
  #newest = find('newest');
  #shown = new Map();  // elements by id of their post
  #lastPost = null;    // to group what follows

  /** @param {{client: string}} me */
  constructor(me) {
    this.#me = me;
    this.#list.replaceChildren();
    find('empty').hidden = false;
    this.#newest.hidden = true;
  }

  /** say shows a post of ours that is on its way. */
  say(post) {
    const element = this.#show(post, true);
    element.classList.add('sending');
    return element;
  }

  /** arrived shows a post of the channel, once. It returns false for one that is on the page already. */
  arrived(post) {
    const element = this.#shown.get(post.id);
    if (element) {
      element.classList.remove('sending');
      element.querySelector('.again')?.remove();
      return false;
    }
    this.#show(post, this.#isNearBottom());
    return true;
  }

  /** failed offers to send a post of ours again. */
  failed(post, again) {
    const element = this.#shown.get(post.id);
    if (!element?.classList.contains('sending')) {
      return; // it has arrived all the same
    }
    const button = make('button', 'again', 'Not sent. Try again');
    button.type = 'button';
    button.addEventListener('click', () => {
      button.remove();
      again();
    });
    element.querySelector('.body').append(button);
  }

  notice(text) {
    this.#line('notice', text);
  }

  /** coming tells in a quiet line who comes or goes. */
  coming(text) {
    this.#line('coming', text);
  }

  toBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newest.hidden = true;
  }

  scrolled() {
    this.#newest.hidden ||= this.#isNearBottom();
  }

  #isNearBottom() {
    const box = this.#scroller;
    return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_BOTTOM_PX;
  }

  #line(className, text) {
    this.#lastPost = null;
    this.#append(make('li', className, text), this.#isNearBottom());
  }

  #append(element, follow) {
    find('empty').hidden = true;
    this.#list.append(element);
    while (this.#list.children.length > ITEMS_MAX) {
      this.#shown.delete(this.#list.firstChild.dataset.id);
      this.#list.firstChild.remove();
    }
    if (follow) {
      this.toBottom();
    } else {
      this.#newest.hidden = false;
    }
  }

  #continues(post) {
    const last = this.#lastPost;
    return last?.from === post.from && last.name === post.name && Math.abs(post.at - last.at) < SAME_BREATH_MS;
  }

  #show(post, follow) {
    const isMine = post.from === this.#me.client;
    const { avatar, hue } = avatarOf(post.name);
    const item = make('li', `post ${hue}`);
    item.classList.toggle('mine', isMine);
    item.classList.toggle('more', this.#continues(post));
    item.dataset.id = post.id;
    const head = make('div', 'head');
    head.append(make('span', 'who', isMine ? `${post.name} (you)` : post.name), timeOf(post.at));
    const body = make('div', 'body');
    body.append(head, make('p', 'bubble', post.text));
    item.append(avatar, body);
    this.#lastPost = post;
    this.#shown.set(post.id, item);
    this.#append(item, follow);
    return item;
  }
}
