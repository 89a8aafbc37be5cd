import assert from 'node:assert/strict';
import test from 'node:test';
import { Backoff } from '../../src/backoff.js';
import { Chooser } from '../../src/chooser.js';
import { answered, closed, retryAfterMs, unheard } from '../../src/endings.js';
import { gapBefore, isPosition, judge, reaches } from '../../src/position.js';
import { formOf, httpRequest } from '../../src/request.js';
import { expiryMs, Tokens } from '../../src/tokens.js';
import { Watchdog } from '../../src/watchdog.js';
import { FakeStorage, Page } from '../../fake/v1/page.mjs';

test('back-off: any time up to a bound that doubles', () => {
  const chances = [0, 0.999, 0.5, 0.5, 0.5];
  const backoff = new Backoff(1000, 5000, () => chances.shift() ?? 0.5);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [0, 1998, 2000, 2500, 2500]);
  for (let i = 0; i < 5000; i++) {
    assert.equal(backoff.next() <= 5000, true);
  }
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test('positions: what comes next, what is old, what leaves a hole', () => {
  const at = { epoch: 'e', seq: 5 };
  for (const [message, want] of [
    [{ type: 'data', epoch: 'e', seq: 5 }, 'next'],
    [{ type: 'data', epoch: 'e', seq: 4 }, 'old'],
    [{ type: 'data', epoch: 'e', seq: 6 }, 'hole'],
    [{ type: 'data', epoch: 'f', seq: 5 }, 'hole'],
    [{ type: 'gap', epoch: 'e', from: 5, to: 7 }, 'next'],
    [{ type: 'gap', epoch: 'e', from: 3, to: 7 }, 'next'],
    [{ type: 'gap', epoch: 'e', from: 1, to: 4 }, 'old'],
    [{ type: 'gap', epoch: 'e', from: 6, to: 7 }, 'hole'],
    [{ type: 'gap', epoch: 'f', from: 1, to: 0 }, 'next'],
  ]) {
    assert.equal(judge(at, message), want, JSON.stringify(message));
  }
  assert.equal(judge(null, { type: 'data', epoch: 'e', seq: 9 }), 'next');
  assert.equal(reaches(at, { epoch: 'e', seq: 5 }), true);
  assert.equal(reaches(at, { epoch: 'e', seq: 4 }), false);
  assert.equal(reaches(at, { epoch: 'f', seq: 9 }), false);
  assert.deepEqual(gapBefore(at, { type: 'data', cname: 'c', epoch: 'f', seq: 3 }),
    { type: 'gap', cname: 'c', epoch: 'f', from: 1, to: 2, reason: 'unknown' });
  for (const bad of [undefined, null, {}, { epoch: '', seq: 1 }, { epoch: 'e', seq: 0 }, { epoch: 'e', seq: 1.5 }, { epoch: 'e', seq: '1' }]) {
    assert.equal(isPosition(bad), false);
  }
});

test('requests: the connection first, then each channel with what is its own', () => {
  const request = {
    token: 't&', params: [['client', 'ann']],
    channels: [{ cname: 'a b', seq: 3, epoch: 'e' }, { cname: 'c', last: 5, token: 'x', presence: true }, { cname: 'd\ud800', since: 0 }],
  };
  assert.equal(formOf(request),
    'v=1&token=t%26&client=ann&cname=a%20b&seq=3&epoch=e&cname=c&seq=last:5&token=x&presence=1&cname=d%EF%BF%BD&since=0'.replace('last:', 'last%3A'));
  assert.equal(httpRequest('http://h/sse', 'v=1', 'x').url, 'http://h/sse?v=1');
  const long = httpRequest('http://h/sse', 'v=1&'.padEnd(3000, 'a'), 'x');
  assert.deepEqual([long.url, long.options.method, long.options.body.length], ['http://h/sse', 'POST', 3000]);
});

test('endings: what is said about them', () => {
  assert.deepEqual(closed(1001, ''), { code: 1001, text: 'the server stops or restarts', reached: true, soon: true });
  assert.deepEqual(closed(1006, ''), { code: 1006, text: 'the connection was lost' });
  assert.equal(closed(4000, 'go away').text, 'go away');
  assert.equal(answered(new Response('', { status: 405 }), 0).condemn, true);
  assert.equal(answered(new Response('', { status: 401 }), 0).token, true);
  assert.equal(unheard(true).condemn, true);
  assert.equal(unheard(false).condemn, undefined);
  assert.deepEqual(['', '7', 'Thu, 01 Jan 1970 00:01:00 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', '99999999', 'x'].map((header) => retryAfterMs(header, 1000)),
    [undefined, 7000, 59_000, 0, 3600_000, undefined]);
});

test('choice: storage that is missing, full or of somebody else does no harm', () => {
  const settings = { key: 'k', failuresMax: 2, rememberMs: 1000, upgradeFirstMs: 1, upgradeMaxMs: 4 };
  const stored = (text) => Object.assign(new FakeStorage(), { getItem: () => text });
  const full = { getItem: () => null, setItem() { throw new Error('full'); } };
  for (const storage of [undefined, full, stored('{'), stored('null'), stored('{"kind":"pigeon","until":99}')]) {
    const chooser = new Chooser(['a', 'b'], settings, { storage, now: () => 0, random: () => 0.5 });
    chooser.heard();
    assert.equal(chooser.kind, 'a');
  }
});

test('choice: trials come at growing intervals up to a bound, until one succeeds', () => {
  const settings = { key: 'k', failuresMax: 1, rememberMs: 1000, upgradeFirstMs: 1, upgradeMaxMs: 4 };
  const chooser = new Chooser(['a', 'b', 'c'], settings, { now: () => 0, random: () => 0.5 });
  assert.equal(chooser.upgradeInMs(), 0);
  assert.deepEqual([chooser.failed(false), chooser.failed(false), chooser.kind], [true, true, 'c']);
  chooser.heard();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    waits.push(chooser.upgradeInMs());
    chooser.upgrade();
    assert.deepEqual([chooser.kind, chooser.isTrial, chooser.failed(false), chooser.kind], ['a', true, true, 'c']);
  }
  assert.deepEqual(waits, [1, 2, 4, 4]);
  chooser.upgrade();
  chooser.heard();
  assert.deepEqual([chooser.kind, chooser.upgradeInMs(), chooser.isTrial], ['a', 0, false]);
});

test('watchdog: barks after silence, counted from what was heard last', () => {
  const page = new Page();
  const watchdog = new Watchdog(page.env());
  let barks = 0;
  watchdog.watch(1000, () => barks++);
  page.clock.advance(900);
  watchdog.heard();
  page.clock.advance(900);
  assert.deepEqual([barks, watchdog.overdue], [0, false]);
  page.clock.advance(100);
  assert.deepEqual([barks, page.clock.delays()], [1, []]);
});

test('tokens: asked once for all that wait, and again after being forgotten', async () => {
  let calls = 0;
  const tokens = new Tokens(async () => `token ${++calls}`);
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ['token 1', 'token 1']);
  assert.equal(await tokens.get(), 'token 1');
  tokens.forget();
  assert.equal(await tokens.get(), 'token 2');
  assert.equal(await new Tokens(undefined).get(), '');
  assert.equal(await new Tokens('fixed').get(), 'fixed');
  assert.equal(expiryMs(`a.${btoa('{"exp":12}')}.b`), 12_000);
  assert.deepEqual(['', 'abc', `a.${btoa('{}')}.b`].map(expiryMs), [0, 0, 0]);
});
