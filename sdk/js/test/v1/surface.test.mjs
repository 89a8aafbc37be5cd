import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';
import * as source from '../../src/index.js';
import * as module from '../../dist/icomet.esm.js';
import { DEFAULTS } from '../../src/settings.js';
import { surroundings } from '../../src/surroundings.js';
import { Message } from '../../src/message.js';
import { Subscription } from '../../src/subscription.js';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const types = read('icomet.d.ts');

// declared lists the names in the body of a class or interface of the types.
function declared(name) {
  const [, body] = new RegExp(`(?:class|interface) ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(types);
  const names = [...body.matchAll(/^ {2}(?:readonly )?(\[Symbol\.asyncIterator\]|\w+)[?<(:]/gm)].map((match) => match[1]);
  return names.filter((each) => each !== 'constructor').sort();
}

// members lists what a class has for everybody: on its prototype, and on an instance if one is given.
function members(type, instance = {}) {
  const own = Reflect.ownKeys(type.prototype).map((key) => (typeof key === 'symbol' ? `[${key.description}]` : key));
  return [...new Set([...own, ...Object.keys(instance)])].filter((name) => name !== 'constructor').sort();
}

test('the types declare what is exported, no more and no less', () => {
  const classes = [...types.matchAll(/^export class (\w+)/gm)].map((match) => match[1]);
  assert.deepEqual(Object.keys(source).sort(), ['Client', 'IcometError', 'iComet']);
  assert.deepEqual(classes.sort(), [...Object.keys(source), 'Message', 'Subscription'].sort());
});

test('the types declare every member', () => {
  assert.deepEqual(members(source.Client), declared('Client'));
  assert.deepEqual(members(Subscription), declared('Subscription'));
  assert.deepEqual(members(Message), declared('Message'));
  const { name, ...error } = new source.IcometError('code', 'text');
  assert.equal(name, 'IcometError');
  assert.deepEqual(members(source.IcometError, error), declared('IcometError'));
});

test('the types and README.md name every option', () => {
  assert.deepEqual([...Object.keys(DEFAULTS), 'storage'].sort(), declared('ClientOptions'));
  assert.deepEqual(Object.keys(surroundings()).sort(), declared('Environment'));
  const readme = read('README.md');
  for (const name of [...declared('ClientOptions'), ...declared('SubscribeOptions'), ...declared('ClientEvents'), ...declared('SubscriptionEvents')]) {
    assert.match(readme, new RegExp(`\`${name}`), `README.md does not explain ${name}`);
  }
});

test('both bundles have the surface of the source', () => {
  const page = vm.createContext({});
  vm.runInContext(read('dist/icomet.min.js'), page);
  assert.deepEqual(Object.keys(module).sort(), Object.keys(source).sort());
  assert.deepEqual([...vm.runInContext('Object.keys(Icomet)', page)].sort(), Object.keys(source).sort());
});
