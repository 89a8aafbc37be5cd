/**
 * Chooser decides which transport to use. A transport is good once a connection has heard its first message, and the
 * good one is remembered for a while over reloads. One that fails fruitlessly a few times in a row makes way
 * for the next in the list, and after the last comes the first again. On anything but the first, the first is
 * tried again now and then: a *trial*, which costs one attempt if it fails.
 */
export class Chooser {
  #kinds;
  #env;
  #settings;
  #index = 0;
  #failures = 0;
  #good = '';      // the last that was
  #trial = false;  // the current kind is tried though #good is known to work
  #upgradeMs;

  /**
   * @param {string[]} kinds best first, at least one
   * @param {{key: string, failuresMax: number, rememberMs: number, upgradeFirstMs: number, upgradeMaxMs: number}} settings
   */
  constructor(kinds, settings, env) {
    this.#kinds = kinds;
    this.#settings = settings;
    this.#env = env;
    this.#upgradeMs = settings.upgradeFirstMs;
    this.#index = Math.max(0, kinds.indexOf(this.#recall()));
  }

  get kind() {
    return this.#kinds[this.#index];
  }

  get isTrial() {
    return this.#trial;
  }

  /** heard notes that the current kind gets through. */
  heard() {
    this.#failures = 0;
    this.#trial = false;
    this.#good = this.kind;
    if (this.#index === 0) {
      this.#upgradeMs = this.#settings.upgradeFirstMs;
    }
    this.#remember(this.kind);
  }

  /**
   * failed notes a connection of the current kind that never heard anything, or is condemned. It returns
   * whether another kind may be tried at once, since it has not been found wanting in this round.
   */
  failed(condemned) {
    if (this.#trial) {
      this.#trial = false;
      this.#index = this.#kinds.indexOf(this.#good);
      return true;
    }
    if (!condemned && ++this.#failures < this.#settings.failuresMax) {
      return false;
    }
    this.#failures = 0;
    this.#index = (this.#index + 1) % this.#kinds.length;
    return this.#index !== 0;
  }

  /** upgradeInMs is when to try the first kind again; it doubles each time it is asked for. 0: it is in use. */
  upgradeInMs() {
    if (this.#index === 0) {
      return 0;
    }
    const ms = this.#upgradeMs * (0.75 + 0.5 * this.#env.random());
    this.#upgradeMs = Math.min(this.#upgradeMs * 2, this.#settings.upgradeMaxMs);
    return ms;
  }

  /** upgrade makes the first kind the current one, on trial. */
  upgrade() {
    this.#trial = true;
    this.#failures = 0;
    this.#index = 0;
  }

  #recall() {
    try {
      const { kind, until } = JSON.parse(this.#env.storage.getItem(this.#settings.key));
      return until > this.#env.now() ? kind : '';
    } catch {
      return ''; // no storage, nothing in it, or nothing of ours
    }
  }

  #remember(kind) {
    try {
      this.#env.storage.setItem(this.#settings.key, JSON.stringify({ kind, until: this.#env.now() + this.#settings.rememberMs }));
    } catch {
      // Storage that is full or forbidden costs a look around after the next reload.
    }
  }
}
