import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { silentLog } from '@kube-prefetch/process';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test, vi } from 'vitest';
import { startVirtualLine } from '../../testing/index.ts';
import { createDeltaLog } from '../board/delta-log.ts';
import { sendEvents } from '../board/send-events.ts';
import { adminApp } from './admin.ts';
import { createApp } from './create-app.ts';
import { servePage } from './page.ts';

const files = [
  { path: '/', type: 'text/html; charset=utf-8', gzip: gzipSync('<!doctype html>').toString('base64') },
  { path: '/assets/page-1.js', type: 'text/javascript; charset=utf-8', gzip: gzipSync('run()').toString('base64') },
];

async function start() {
  const line = startVirtualLine();
  await line.show(aState({ resources: [aResource({ spec: { images: ['a:1'] } })], nodes: [aNode({ name: 'n1' })] }));
  const parts = { clock: line.clock, log: silentLog, metrics: line.coordinator.metrics };
  const app = createApp({ ...parts, quietRoutes: [] });
  servePage(app, line.coordinator, line.clock, files);
  return { ...line, app, admin: adminApp(line.coordinator, parts) };
}

test('the page runs nothing and asks nothing but its own files, and only they are kept', async () => {
  const { app } = await start();
  const page = await app.inject({ url: '/' });
  expect(page.body).toBe('<!doctype html>');
  expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
  expect(page.headers['content-security-policy']).not.toMatch(/unsafe|data:|http/);
  const script = await app.inject({ url: '/assets/page-1.js', headers: { 'accept-encoding': 'br, gzip' } });
  expect([script.headers['content-encoding'], script.headers['cache-control']]).toEqual([
    'gzip',
    'public, max-age=31536000, immutable',
  ]);
  expect((await app.inject({ url: '/assets/page-0.js' })).json().code).toBe('UnknownRoute');
});

test('a coordinator that runs from its sources says why it has no page', async () => {
  const { admin } = await start();
  expect((await admin.inject({ url: '/', headers: { host: 'localhost' } })).json().message).toContain('npm run build');
});

test('a snapshot waits until every cell was looked at, and names the script', async () => {
  const { app, clock } = await start();
  const asked = app.inject({ url: '/v1/cells' });
  let answered = false;
  void asked.then(() => (answered = true));
  await vi.waitFor(
    async () => {
      await clock.advance(100);
      expect(answered).toBe(true);
    },
    { timeout: 60_000 },
  );
  expect((await asked).json()).toMatchObject({ script: '/assets/page-1.js', epoch: 1 });
});

test.each([
  ['a moment that nobody took', '?after=x.1'],
  ['no moment at all', ''],
])('whoever follows from %s is told to begin anew', async (_what, query) => {
  const { app } = await start();
  expect((await app.inject({ url: `/v1/events${query}` })).body).toMatch(/event: restart\ndata: \{\}\n\n$/);
});

test('only so many pages follow at once, and a place is free again when one has left', async () => {
  const { app, coordinator, clock } = await start();
  const asked = coordinator.board.snapshot(new AbortController().signal);
  await clock.advance(1_000);
  const { cursor } = await asked;
  const follower = { delta: () => {}, end: () => {} };
  const leave = Array.from({ length: 16 }, () => coordinator.board.log()?.follow(follower));
  const follow = () => app.inject({ url: `/v1/events?after=${cursor}` });
  expect((await follow()).json().code).toBe('Overloaded');
  leave[0]?.();
  expect(coordinator.board.isFull()).toBe(false);
});

test('a page that reads too slowly is cut off', () => {
  const log = createDeltaLog('b');
  const sent: string[] = [];
  let destroyed = false;
  const response = {
    get writableLength() {
      return sent.join('').length;
    },
    write: (text: string) => sent.push(text),
    destroy: () => (destroyed = true),
    on: () => {},
    once: () => {},
  };
  sendEvents(response as unknown as ServerResponse, log, log.cursor(), createVirtualClock());
  for (let n = 0; n < 8 && !destroyed; n++) log.append({ gaps: ['x'.repeat(1_000_000)] });
  expect(destroyed).toBe(true);
  expect(sent.join('').length).toBeLessThan(6.3 * 1024 * 1024);
});

test('outside of a term there is the page, and nothing to follow', async () => {
  const { app, endTerm } = await start();
  await endTerm();
  const answers = await Promise.all(['/', '/v1/cells', '/v1/events'].map(url => app.inject({ url })));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 503, 503]);
});

test.each<[string, Record<string, string>, string, number]>([
  ['a program', {}, '/v1/overview', 200],
  ['the page itself', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:7071' }, '/v1/overview', 200],
  ['the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, '/', 404],
  ['a link of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, '/', 404],
  ['a script of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, '/v1/events', 403],
  [
    'a link to anything but the page',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    '/v1/overview',
    403,
  ],
  ['another port of this machine', { 'sec-fetch-site': 'same-site' }, '/v1/cells', 403],
  ['an old browser on another site', { origin: 'https://evil.example' }, '/v1/overview', 403],
])('a request of %s', async (_who, headers, url, status) => {
  const { admin } = await start();
  expect((await admin.inject({ url, headers: { host: 'localhost:7071', ...headers } })).statusCode).toBe(status);
});
