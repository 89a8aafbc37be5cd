import assert from 'node:assert/strict';
import test from 'node:test';
import { KINDS, Notebook, options, scene, until } from '../../fake/v1/scene.mjs';

for (const kind of KINDS) {
  test(`${kind}: messages come with all they have`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, subscription, notes } = await follow(kind);
    const given = [];
    subscription.on('message', (message) => given.push(message));
    server.push('room', 'hi');
    server.channel('room').publish({ event: 'price', data: { a: [1] } });
    server.channel('room').publish({ base64: 'AP8K' }, 'broadcast');
    await notes.got(3);
    const [text, json, bytes] = given;
    assert.equal(client.state, 'open');
    assert.equal(client.transport, kind);
    assert.deepEqual([text.content, text.seq, text.channel, text.type, text.event], ['hi', 1, 'room', 'data', undefined]);
    assert.deepEqual([json.data, json.event], [{ a: [1] }, 'price']);
    assert.deepEqual([bytes.bytes, bytes.type], [new Uint8Array([0, 255, 10]), 'broadcast']);
    assert.deepEqual(subscription.position, { epoch: server.channel('room').epoch, seq: 4 });
    assert.deepEqual(bytes.position, subscription.position);
  });

  test(`${kind}: all channels share a connection, and come and go at any time`, options, async (t) => {
    const { server, open } = await scene(t);
    const { client } = open({ transports: [kind] });
    const a = new Notebook(client.subscribe('a'));
    const b = new Notebook(client.subscribe('b'));
    await Promise.all([a.heard('subscribed'), b.heard('subscribed')]);
    const c = new Notebook(client.subscribe('c'));
    await c.heard('subscribed');
    b.subscription.unsubscribe();
    await server.unsubscribed('b');
    for (const name of ['a', 'b', 'c']) {
      await until(() => name === 'b' || server.channel(name).subscriptions.size === 1);
      server.push(name, `to ${name}`);
    }
    await Promise.all([a.got(1), c.got(1)]);
    assert.deepEqual([a.messages, b.messages, c.messages], [['to a'], [], ['to c']]);
    assert.equal(server.sessions.size <= 1, true);
    assert.deepEqual(b.events, ['subscribed', 'close unsubscribed']);
  });

  test(`${kind}: a subscription begins where it is told`, options, async (t) => {
    const { server, open } = await scene(t);
    ['1', '2', '3', '4'].forEach((text) => server.push('room', text));
    const { epoch } = server.channel('room');
    const { client } = open({ transports: [kind] });
    for (const [where, want] of [
      [{ last: 2 }, ['3', '4']],
      [{ since: new Date(5000) }, ['1', '2', '3', '4']],
      [{ position: { epoch, seq: 4 } }, ['4']],
      [{ position: JSON.parse(JSON.stringify({ epoch, seq: 2 })), last: 1 }, ['2', '3', '4']],
    ]) {
      const notes = new Notebook(client.subscribe('room', where));
      await notes.got(want.length);
      assert.deepEqual(notes.messages, want);
      notes.subscription.unsubscribe();
      await server.unsubscribed('room');
    }
  });

  test(`${kind}: a list too long for an address is sent as a form`, options, async (t) => {
    const { server, open } = await scene(t);
    const { client } = open({ transports: [kind] });
    const names = Array.from({ length: 120 }, (_, i) => `channel number ${i}`);
    const all = names.map((name) => new Notebook(client.subscribe(name)));
    await Promise.all(all.map((notes) => notes.heard('subscribed')));
    await server.subscribed(names.at(-1));
    server.push(names.at(-1), 'hi');
    await all.at(-1).got(1);
    assert.equal(server.requests[0].method, kind === 'websocket' ? 'GET' : 'POST');
  });

  test(`${kind}: a channel that is refused leaves the others alone`, options, async (t) => {
    const { server, open } = await scene(t);
    server.refuseChannel.secret = 403;
    const { client, errors } = open({ transports: [kind] });
    const secret = new Notebook(client.subscribe('secret'));
    const room = new Notebook(client.subscribe('room'));
    await Promise.all([secret.heard('close refused'), room.heard('subscribed')]);
    await server.subscribed('room');
    server.push('room', 'hi');
    await room.got(1);
    assert.deepEqual(secret.events, ['error 403', 'close refused']);
    assert.deepEqual(errors, [403]);
  });

  test(`${kind}: when the last channel is gone the connection is`, options, async (t) => {
    const { server, follow } = await scene(t);
    const { client, notes } = await follow(kind);
    await server.subscribed('room');
    server.closeChannel('room');
    await notes.heard('close closed');
    await until(() => client.state === 'idle' && server.sessions.size === 0);
    assert.equal(notes.subscription.closed, true);
  });
}
