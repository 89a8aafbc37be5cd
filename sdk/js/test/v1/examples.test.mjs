import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { FakeStorage, Target } from '../../fake/v1/page.mjs';
import { FakeServer } from '../../fake/v1/server.mjs';
import { options, until } from '../../fake/v1/scene.mjs';

const folder = new URL('../../examples/', import.meta.url);

// openPage makes of this process a page that has as much as the examples need, and returns its elements by id.
function openPage(name, server) {
  const elements = {};
  const newElement = () => ({ textContent: '', items: [], append(item) { this.items.push(item.textContent); } });
  const window = new Target();
  Object.assign(globalThis, {
    location: new URL(`?server=${server.origin}`, new URL(name, folder)),
    document: Object.assign(new Target(), { getElementById: (id) => (elements[id] ??= newElement()), createElement: newElement }),
    addEventListener: (...args) => window.addEventListener(...args),
    removeEventListener: (...args) => window.removeEventListener(...args),
    sessionStorage: new FakeStorage(),
  });
  return { elements, window, html: readFileSync(new URL(name, folder), 'utf8') };
}

// served starts a server for a page, and at the end has the page put away, which lets go of its connection.
async function served(t, name) {
  const server = await new FakeServer().listen();
  const page = openPage(name, server);
  t.after(async () => {
    page.window.tell('pagehide');
    await server.close();
  });
  return { server, ...page };
}

test('script.html lists messages and the state', options, async (t) => {
  const { server, elements, html } = await served(t, 'script.html');
  const [, bundle] = /<script src="([^"]+)">/.exec(html);
  vm.runInThisContext(readFileSync(new URL(bundle, folder), 'utf8'));
  vm.runInThisContext(/<script>\n([\s\S]*?)<\/script>/.exec(html)[1]);
  await server.subscribed('news');
  server.push('news', 'hello');
  await until(() => elements.messages.items.length === 1);
  assert.deepEqual(elements.messages.items, ['hello']);
  assert.match(elements.state.textContent, /^open \w+$/);
});

test('resume.html goes on where it was', options, async (t) => {
  const { server, elements, html } = await served(t, 'resume.html');
  ['one', 'two'].forEach((text) => server.push('news', text));
  const { epoch } = server.channel('news');
  sessionStorage.setItem('news', JSON.stringify({ epoch, seq: 2 }));
  const code = /<script type="module">\n([\s\S]*?)<\/script>/.exec(html)[1].replace('..', new URL('..', folder).href.slice(0, -1));
  import(`data:text/javascript,${encodeURIComponent(code)}`).catch(assert.fail);
  await until(() => elements.messages?.items.length === 1);
  server.push('news', 'three');
  await until(() => elements.messages.items.length === 2);
  assert.deepEqual(elements.messages.items, ['2: two', '3: three']);
  assert.equal(sessionStorage.getItem('news'), JSON.stringify({ epoch, seq: 4 }));
});

test('node.mjs prints messages until it is interrupted', options, async (t) => {
  const server = await new FakeServer().listen();
  t.after(() => server.close());
  server.push('news', 'earlier');
  const child = spawn(process.execPath, [fileURLToPath(new URL('node.mjs', folder)), server.origin, 'news']);
  let printed = '';
  child.stdout.on('data', (text) => { printed += text; });
  await server.subscribed('news');
  server.push('news', 'now');
  await until(() => printed === 'earlier\nnow\n');
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
