/**
 * A position is where in a channel to go on: the channel's life and the number of the next message in it. Positions
 * are never changed, only replaced, so they can be handed out.
 *
 * @typedef {{epoch: string, seq: number}} Position
 */

/** isPosition tells whether a value from outside, such as one kept over a reload, can be used as a position. */
export function isPosition(value) {
  return typeof value?.epoch === 'string' && value.epoch !== '' && Number.isSafeInteger(value.seq) && value.seq > 0;
}

export function samePosition(a, b) {
  return a !== null && b !== null && a.epoch === b.epoch && a.seq === b.seq;
}

/** reaches tells whether somebody at position who reads on will come past target. */
export function reaches(position, target) {
  return position.epoch === target.epoch && position.seq <= target.seq;
}

/** after is the position behind a message or gap. */
export function after(message) {
  return { epoch: message.epoch, seq: (message.type === 'gap' ? message.to : message.seq) + 1 };
}

/**
 * judge tells what a message or gap is to somebody at position:
 * 'next' continues it, 'old' lies behind it, 'hole' leaves something out.
 */
export function judge(position, message) {
  if (position === null) {
    return 'next';
  }
  const isGap = message.type === 'gap';
  if (message.epoch !== position.epoch) {
    return isGap ? 'next' : 'hole';
  }
  if (after(message).seq <= position.seq) {
    return 'old';
  }
  return (isGap ? message.from : message.seq) > position.seq ? 'hole' : 'next';
}

/** gapBefore describes what message leaves out for somebody at position, when the server cannot tell. */
export function gapBefore(position, message) {
  const from = message.epoch === position.epoch ? position.seq : 1;
  const to = (message.type === 'gap' ? message.from : message.seq) - 1;
  return { type: 'gap', cname: message.cname, epoch: message.epoch, from, to, reason: 'unknown' };
}
