import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { aStatus, statusSinkSuite } from '../../testing/index.ts';
import type { StatusEvent } from '../ports/source-and-sink.ts';
import { createManifestsStatusSink } from './status-files.ts';

const clock = createVirtualClock();
const { signal } = new AbortController();

statusSinkSuite('the sink beside manifests', async () => {
  const top = await mkdtemp(join(tmpdir(), 'kube-prefetch-sink-'));
  const dir = join(top, 'made', 'as-needed');
  const removed = new Set<string>();
  const exists = (resource: ResourceRef) => !removed.has(resourceName(resource));
  return {
    sink: createManifestsStatusSink({ dir, clock, exists }),
    async statusOf({ kind, namespace, name }) {
      const file = namespace === undefined ? `${kind}.${name}.yaml` : `${kind}.${namespace}.${name}.yaml`;
      const text = await readFile(join(dir, file), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : (parse(text) as { status: PrefetchStatus }).status;
    },
    async events() {
      const text = await readFile(join(dir, 'events.jsonl'), 'utf8');
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as StatusEvent & { resource: ResourceRef });
    },
    remove: async resource => void removed.add(resourceName(resource)),
    create: async resource => void removed.delete(resourceName(resource)),
    close: () => rm(top, { recursive: true }),
  };
});

async function start() {
  const dir = await mkdtemp(join(tmpdir(), 'kube-prefetch-sink-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return { dir, sink: createManifestsStatusSink({ dir, clock }) };
}

const event: StatusEvent = { type: 'Normal', reason: 'Warm', message: 'all there' };
const web: ResourceRef = { kind: 'Prefetch', namespace: 'shop', name: 'web' };

test('the file says that it is generated and what it is about, and no half-done file is left', async () => {
  const { dir, sink } = await start();
  await sink.write(web, aStatus('1/2'), signal);
  expect(await readdir(dir)).toEqual(['Prefetch.shop.web.yaml']);
  const text = await readFile(join(dir, 'Prefetch.shop.web.yaml'), 'utf8');
  expect(text).toMatch(/^# Written by kube-prefetch/);
  expect(parse(text)).toMatchObject({ kind: 'PrefetchStatus', resource: web });
});

test('what a restarted process would write again is unchanged', async () => {
  const { dir, sink } = await start();
  await sink.write(web, aStatus('1/2'), signal);
  const restarted = createManifestsStatusSink({ dir, clock });
  expect(await restarted.write(web, aStatus('1/2'), signal)).toBe('unchanged');
});

test('an event is a line with its time', async () => {
  const { dir, sink } = await start();
  await sink.event(web, event, signal);
  const line = await readFile(join(dir, 'events.jsonl'), 'utf8');
  expect(JSON.parse(line)).toEqual({ time: '2026-01-01T00:00:00.000Z', resource: web, ...event });
});

test('the events file is moved aside when it has grown to its bound, over the one moved before', async () => {
  const { dir, sink } = await start();
  const full = 'x'.repeat(1024 * 1024);
  for (const _round of [1, 2]) {
    await appendFile(join(dir, 'events.jsonl'), full);
    await sink.event(web, event, signal);
  }
  expect((await readdir(dir)).toSorted()).toEqual(['events.1.jsonl', 'events.jsonl']);
  expect((await stat(join(dir, 'events.jsonl'))).size).toBeLessThan(1_000);
});

test('events that come at once are all kept when the file has grown to its bound', async () => {
  const { dir, sink } = await start();
  await appendFile(join(dir, 'events.jsonl'), 'x'.repeat(1024 * 1024));
  const reasons = ['one', 'two', 'three', 'four'];
  await Promise.all(reasons.map(reason => sink.event(web, { ...event, reason }, signal)));
  const lines = (await readFile(join(dir, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines.map(line => JSON.parse(line).reason)).toEqual(reasons);
  expect((await stat(join(dir, 'events.1.jsonl'))).size).toBe(1024 * 1024);
});

test.each([
  { kind: 'ClusterPrefetch', name: '../../etc/passwd' },
  { kind: 'ClusterPrefetch', name: '' },
  { kind: 'Prefetch', namespace: 'a.b', name: 'c' },
  { kind: 'Prefetch', namespace: '..', name: 'c' },
] satisfies ResourceRef[])('a resource whose name cannot be a file name is refused: %j', async resource => {
  const { sink } = await start();
  await expect(sink.write(resource, aStatus('1/2'), signal)).rejects.toThrow(/expected a resource whose name/);
});

test('resources with the longest names there may be have a file each', async () => {
  const { dir, sink } = await start();
  const resources = ['a', 'b'].map(
    (end): ResourceRef => ({ kind: 'Prefetch', namespace: 'n'.repeat(63), name: 'x'.repeat(252) + end }),
  );
  for (const resource of resources) expect(await sink.write(resource, aStatus('1/2'), signal)).toBe('written');
  const texts = await Promise.all((await readdir(dir)).map(name => readFile(join(dir, name), 'utf8')));
  expect(texts.map(text => parse(text).resource)).toEqual(expect.arrayContaining(resources));
});

test('a directory that cannot be made is an error, not a lost status', async () => {
  const { dir } = await start();
  await appendFile(join(dir, 'file'), '');
  const sink = createManifestsStatusSink({ dir: join(dir, 'file', 'below'), clock });
  await expect(sink.write(web, aStatus('1/2'), signal)).rejects.toThrow(/ENOTDIR/);
});
