/*
 * A channel of the fake server: a life, numbers, and a history with a bound.
 */
let lives = 0;

export class Channel {
  next = 1;
  history = [];
  subscriptions = new Set();
  members = [];

  constructor(name, historyMax) {
    this.name = name;
    this.historyMax = historyMax;
    this.epoch = `life-${String(++lives).padStart(6, '0')}`;
  }

  publish(payload, type = 'data') {
    const message = { type, cname: this.name, seq: this.next++, epoch: this.epoch, ...payload };
    this.history.push(message);
    this.history.splice(0, Math.max(0, this.history.length - this.historyMax));
    this.subscriptions.forEach((subscription) => subscription.send(message));
    return message;
  }

  oldest() {
    return this.history[0]?.seq ?? this.next;
  }

  // begin is where a subscription with these parameters begins, and the messages it gets first.
  begin({ seq, epoch, last, since }) {
    let from = this.next;
    if (last !== undefined) {
      from = Math.max(this.oldest(), this.next - last);
    } else if (since !== undefined) {
      from = this.oldest();
    } else if (seq) {
      from = epoch === undefined || epoch === this.epoch ? seq : 1;
    }
    const first = [];
    const restarted = Boolean(seq) && epoch !== undefined && epoch !== this.epoch;
    if (restarted || from < this.oldest()) {
      first.push({
        type: 'gap', cname: this.name, epoch: this.epoch, from, to: this.oldest() - 1, reason: restarted ? 'restarted' : 'trimmed',
      });
    }
    first.push(...this.history.filter((message) => message.seq >= from));
    return { from, first, restarted };
  }
}
