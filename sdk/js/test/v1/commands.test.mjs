import assert from 'node:assert/strict';
import test from 'node:test';
import { Notebook, options, scene, turns, until } from '../../fake/v1/scene.mjs';

test('publish sends text, JSON and bytes, and gives the position', options, async (t) => {
  const { server, follow } = await scene(t);
  const { subscription, notes } = await follow('websocket');
  const { epoch } = server.channel('room');
  assert.deepEqual(await subscription.publish('hi'), { seq: 1, epoch });
  await subscription.publish({ price: 1.5 }, { event: 'price' });
  await subscription.publish(new Uint8Array([1, 2, 255]).subarray(1));
  await subscription.publish(new Uint8Array([7]).buffer);
  await notes.got(4);
  assert.deepEqual(notes.messages, ['hi', { price: 1.5 }, new Uint8Array([2, 255]), new Uint8Array([7])]);
  assert.equal(server.channel('room').history[1].event, 'price');
  await assert.rejects(subscription.publish(undefined), TypeError);
});

test('publish works without any subscription, and waits for the connection', options, async (t) => {
  const { server, open } = await scene(t);
  const { client } = open({ transports: ['websocket'] });
  const { seq } = await client.publish('room', 'hi');
  assert.equal(seq, 1);
  assert.equal(server.channel('room').history[0].content, 'hi');
});

test('commands follow the subscriptions that were made before them', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client } = await follow('websocket');
  const other = client.subscribe('other');
  await other.publish('hi');
  assert.deepEqual(server.commands.slice(-2).map(({ cmd }) => cmd), ['subscribe', 'publish']);
});

test('members lists who is there', options, async (t) => {
  const { server, follow } = await scene(t);
  server.channel('room').members = [{ client: 'ann', info: { name: 'Ann' } }];
  const { subscription } = await follow('websocket');
  assert.deepEqual(await subscription.members(), { members: [{ client: 'ann', info: { name: 'Ann' } }], count: 1 });
});

test('join and leave come to those that asked', options, async (t) => {
  const { server, open } = await scene(t);
  const { client } = open({ transports: ['websocket'] });
  const curious = new Notebook(client.subscribe('room', { presence: true }));
  const other = new Notebook(client.subscribe('room'));
  await Promise.all([curious.heard('subscribed'), other.heard('subscribed')]);
  server.sendRaw({ type: 'join', cname: 'room', client: 'ann', info: {} });
  server.sendRaw({ type: 'leave', cname: 'room', client: 'ann', info: {} });
  await curious.heard('leave ann');
  assert.deepEqual(curious.events, ['subscribed', 'join ann', 'leave ann']);
  assert.deepEqual(other.events, ['subscribed']);
});

test('a command that the server refuses, or that is too large, is rejected', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, subscription } = await follow('websocket');
  await assert.rejects(subscription.publish('x'.repeat(66_000)), { code: 413 });
  server.mute = true;
  const refused = client.publish('room', 'hi');
  await until(() => server.commands.at(-1).cmd === 'publish');
  server.sendRaw({ type: 'error', id: server.commands.at(-1).id, code: 403, cname: 'room', text: 'not permitted' });
  await assert.rejects(refused, { name: 'IcometError', code: 403, message: 'not permitted', channel: 'room' });
  assert.equal(subscription.closed, false);
});

test('a command without an answer ends by time, by loss, or by close', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page } = await follow('websocket');
  server.mute = true;
  const late = assert.rejects(client.publish('room', 'late'), { code: 'timeout' });
  page.clock.advance(10_000);
  await late;
  const lost = assert.rejects(client.publish('room', 'lost'), { code: 'connection' });
  await until(() => server.commands.at(-1).content === 'lost');
  server.cut();
  await lost;
  await until(() => client.state === 'waiting');
  const closed = assert.rejects(client.publish('room', 'closed'), { code: 'connection' });
  client.close();
  await closed;
  await assert.rejects(client.publish('room', 'after'), { code: 'closed' });
});

test('commands need a WebSocket', options, async (t) => {
  const { open, follow } = await scene(t);
  const { subscription } = await follow('stream');
  await assert.rejects(subscription.publish('hi'), { code: 'unsupported' });
  const { client } = open({ transports: ['poll'] });
  client.subscribe('room');
  await assert.rejects(client.publish('room', 'too early to tell'), { code: 'unsupported' });
});

test('commands that wait are bounded', options, async (t) => {
  const { server, open } = await scene(t);
  server.blocked = { '/ws': 'hang' };
  const { client } = open({ transports: ['websocket'] });
  const all = Array.from({ length: 1001 }, () => client.publish('room', 'x').then(() => 'sent', (error) => error.code));
  assert.equal(await all.at(-1), 'busy');
  client.close();
  assert.equal(await all[0], 'connection');
});

test('a channel list too long for one command goes in several', options, async (t) => {
  const { server, open } = await scene(t);
  const { client } = open({ transports: ['websocket'] });
  const names = Array.from({ length: 1500 }, (_, i) => `${'name '.repeat(12)}${i}`);
  const all = names.map((name) => new Notebook(client.subscribe(name)));
  await Promise.all(all.map((notes) => notes.heard('subscribed')));
  const commands = server.commands.filter(({ cmd }) => cmd === 'subscribe');
  assert.equal(commands.length > 1, true);
  assert.equal(commands.every((command) => JSON.stringify(command).length < 65_536), true);
});

test('a closed client is closed for good', options, async (t) => {
  const { server, follow } = await scene(t);
  const { client, page, notes } = await follow('websocket');
  client.close();
  client.close();
  assert.deepEqual(notes.events, ['subscribed', 'close client closed']);
  assert.equal(client.state, 'closed');
  assert.throws(() => client.subscribe('room'), { code: 'closed' });
  page.window.tell('online');
  page.window.tell('pageshow');
  await turns();
  assert.equal(server.requests.length, 1);
});

test('options and arguments are checked', options, async (t) => {
  const { open } = await scene(t);
  assert.throws(() => open({ transport: 'sse' }), /there is no option "transport"/);
  const { client } = open();
  assert.throws(() => client.subscribe(''), TypeError);
  assert.throws(() => client.subscribe('room', { position: { seq: 3 } }), TypeError);
  assert.throws(() => client.subscribe('room', { last: -1 }), TypeError);
});
