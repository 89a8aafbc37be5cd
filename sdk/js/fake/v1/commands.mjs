/*
 * Commands that come over a WebSocket of the fake server.
 */
export function runCommand(session, text) {
  const { server } = session;
  const { id, cmd, cname, channels, ...rest } = JSON.parse(text);
  server.commands.push(JSON.parse(text));
  server.emit('change');
  if (server.mute) {
    return;
  }
  switch (cmd) {
    case 'subscribe':
      (channels ?? [{ cname, ...rest }]).forEach((spec) => session.subscribe(spec, id, true));
      break;
    case 'unsubscribe':
      session.send(session.unsubscribe(cname) ? { type: 'unsubscribed', id, cname } : { type: 'error', id, code: 404, cname, text: 'not subscribed' });
      break;
    case 'publish': {
      const { seq, epoch } = server.channel(cname).publish(rest);
      session.send({ type: 'published', id, cname, seq, epoch });
      break;
    }
    case 'members': {
      const { members } = server.channel(cname);
      session.send({ type: 'members', id, cname, members, count: members.length });
      break;
    }
    case 'auth':
      session.token = rest.token;
      session.send({ type: 'authorized', id, expires: 0 });
      break;
    case 'ping':
      session.send({ type: 'pong', id });
      break;
    default:
      session.send({ type: 'error', id, code: 400, text: 'unknown command' });
  }
}
