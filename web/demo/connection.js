import { find } from './dom.js';

const TRANSPORTS = { websocket: 'WebSocket', sse: 'SSE', stream: 'streaming', poll: 'long polling' };

const STATES = {
  idle: 'Idle',
  connecting: 'Connecting',
  open: 'Live',
  waiting: 'Connection lost, trying again',
  offline: 'Offline',
  paused: 'Paused',
  closed: 'Not connected',
};

/**
 * clientOptions are the options of the client that the page's address asks for: with ?transport=poll it uses long
 * polling even where WebSockets get through, and so on.
 */
export function clientOptions() {
  const wanted = new URLSearchParams(location.search).get('transport');
  return Object.hasOwn(TRANSPORTS, wanted ?? '') ? { transports: [wanted], storage: null } : {};
}

/** showState shows the state of a client in the bar of the page. */
export function showState(state, transport = '') {
  find('state').dataset.state = state;
  find('state-text').textContent = [STATES[state], TRANSPORTS[transport]].filter(Boolean).join(' · ');
}
