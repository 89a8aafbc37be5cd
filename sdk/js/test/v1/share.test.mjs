import assert from 'node:assert/strict';
import test from 'node:test';
import { FakeBrowser } from '../../fake/v1/browser.mjs';
import { generator, Notebook, options, scene, turns, until } from '../../fake/v1/scene.mjs';

// browser opens tabs whose clients share a connection.
async function browser(t) {
  const { server, open } = await scene(t);
  const fake = new FakeBrowser();
  const openTab = (more = {}) => {
    const { env, crash } = fake.tab();
    const visitor = open({ transports: ['websocket'], share: true, env, ...more });
    return { ...visitor, crash };
  };
  const openTabs = async (count) => {
    const tabs = [];
    for (let i = 0; i < count; i++) {
      const tab = openTab();
      tab.notes = new Notebook(tab.client.subscribe('room'));
      await tab.notes.heard('subscribed');
      tabs.push(tab);
    }
    return tabs;
  };
  return { server, openTab, openTabs };
}

test('all tabs share one connection and each gets each message once', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const tabs = await openTabs(3);
  ['one', 'two'].forEach((text) => server.push('room', text));
  await Promise.all(tabs.map(({ notes }) => notes.got(2)));
  tabs.forEach(({ notes }) => assert.deepEqual(notes.messages, ['one', 'two']));
  assert.equal(server.requests.length, 1);
  assert.equal(server.channel('room').subscriptions.size, 1);
  tabs.forEach(({ client }) => assert.deepEqual([client.state, client.transport], ['open', 'websocket']));
});

test('a tab may subscribe what no other has, and begin where it likes', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [leader, follower] = await openTabs(2);
  ['1', '2', '3'].forEach((text) => server.push('room', text));
  await leader.notes.got(3);
  const own = new Notebook(follower.client.subscribe('own'));
  await own.heard('subscribed');
  server.push('own', 'mine');
  await own.got(1);
  const early = new Notebook(follower.client.subscribe('room', { last: 2 }));
  await early.got(2);
  server.push('room', '4');
  await Promise.all([early.got(3), leader.notes.got(4), follower.notes.got(4)]);
  assert.deepEqual(early.messages, ['2', '3', '4']);
  assert.deepEqual(leader.notes.messages, ['1', '2', '3', '4']);
  assert.deepEqual(follower.notes.messages, ['1', '2', '3', '4']);
  own.subscription.unsubscribe();
  await server.unsubscribed('own');
});

test('when the leader closes another tab goes on from where each tab is', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [leader, ...others] = await openTabs(3);
  server.push('room', 'one');
  await Promise.all(others.map(({ notes }) => notes.got(1)));
  leader.client.close();
  server.push('room', 'two');
  await Promise.all(others.map(({ notes }) => notes.got(2)));
  others.forEach(({ notes }) => assert.deepEqual([notes.messages, notes.gaps], [['one', 'two'], []]));
  assert.equal(server.requests.length, 2);
});

test('a tab that crashes is forgotten by the leader', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [, follower] = await openTabs(2);
  const own = new Notebook(follower.client.subscribe('own'));
  await own.heard('subscribed');
  follower.crash();
  await server.unsubscribed('own');
  assert.equal(server.channel('room').subscriptions.size, 1);
});

test('a tab that pauses leaves the others, and comes back to them', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [leader, follower] = await openTabs(2);
  leader.page.window.tell('pagehide');
  assert.equal(leader.client.state, 'paused');
  server.push('room', 'one');
  await follower.notes.got(1);
  assert.deepEqual(leader.notes.messages, []);
  leader.page.window.tell('pageshow');
  await leader.notes.got(1);
  server.push('room', 'two');
  await Promise.all([leader.notes.got(2), follower.notes.got(2)]);
  assert.equal(server.channel('room').subscriptions.size, 1);
  assert.deepEqual(leader.states, ['connecting', 'open', 'paused', 'open']);
});

test('followers send commands through the leader', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [leader, follower] = await openTabs(2);
  const { epoch } = server.channel('room');
  assert.deepEqual(await follower.client.publish('room', 'hi'), { seq: 1, epoch });
  await assert.rejects(follower.client.publish('room', 'x'.repeat(66_000)), { code: 413 });
  server.mute = true;
  const lost = assert.rejects(follower.client.publish('room', 'lost'), { code: 'connection' });
  await until(() => server.commands.at(-1).content === 'lost');
  leader.client.close();
  await lost;
  server.mute = false;
  const late = assert.rejects(follower.client.publish('room', 'paused'), { code: 'connection' });
  follower.page.window.tell('pagehide');
  await late;
  await assert.rejects(follower.client.publish('room', 'paused'), { code: 'unsupported' });
});

test('errors and states of the connection are told in all tabs', options, async (t) => {
  const { server, openTabs } = await browser(t);
  const [leader, follower] = await openTabs(2);
  server.cut();
  await until(() => follower.client.state === 'waiting');
  leader.page.clock.advance(500);
  await until(() => follower.client.state === 'open');
  assert.deepEqual(follower.errors, [1006]);
  await server.subscribed('room');
  server.closeChannel('room');
  await Promise.all([leader.notes.heard('close closed'), follower.notes.heard('close closed')]);
});

test('other names and other servers are not shared', options, async (t) => {
  const { server, openTab } = await browser(t);
  const first = openTab({ share: 'ann' });
  const second = openTab({ share: 'bob' });
  const notes = [first, second].map(({ client }) => new Notebook(client.subscribe('room')));
  await Promise.all(notes.map((each) => each.heard('subscribed')));
  assert.equal(server.requests.length, 2);
});

test('without Web Locks or BroadcastChannel every tab has a connection of its own', options, async (t) => {
  const { server, openTab } = await browser(t);
  const refused = { request: () => Promise.reject(new DOMException('no locks here', 'SecurityError')) };
  const tabs = [openTab({ env: {} }), openTab({ env: { locks: {}, BroadcastChannel: undefined } })];
  const { env } = new FakeBrowser().tab();
  tabs.push(openTab({ env: { ...env, locks: refused } }));
  const notes = tabs.map(({ client }) => new Notebook(client.subscribe('room')));
  await Promise.all(notes.map((each) => each.heard('subscribed')));
  server.push('room', 'hi');
  await Promise.all(notes.map((each) => each.got(1)));
  assert.equal(server.requests.length, 3);
});

test('over tabs that come, go and lead, each gets each message once, in order', options, async (t) => {
  const { server, openTab } = await browser(t);
  const next = generator(t);
  server.historyMax = 10_000;
  const sent = [];
  const all = [];
  const tabs = [];
  const add = () => {
    const tab = openTab();
    tab.page.chance = 0;
    tab.notes = new Notebook(tab.client.subscribe('room', { since: 1 }));
    tabs.push(tab);
    all.push(tab);
  };
  const act = [
    add,
    () => tabs.length > 1 && tabs.splice(Math.floor(next() * tabs.length), 1)[0].client.close(),
    () => server.cut(),
    () => tabs[0]?.page.window.tell('pagehide'),
    () => tabs.forEach(({ page }) => page.window.tell('pageshow')),
  ];
  add();
  for (let i = 0; i < 400; i++) {
    sent.push(`m${i}`);
    server.push('room', `m${i}`);
    if (next() < 0.15 && all.length < 40) {
      act[Math.floor(next() * act.length)]();
    }
    if (next() < 0.5) {
      await turns(1 + Math.floor(next() * 5));
    }
  }
  tabs.forEach(({ page }) => page.window.tell('pageshow'));
  await until(() => tabs.every(({ notes }) => notes.messages.length >= sent.length));
  for (const { notes } of all) {
    assert.deepEqual(notes.messages, sent.slice(0, notes.messages.length));
    assert.deepEqual(notes.gaps, []);
  }
});
