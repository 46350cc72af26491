import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ClusterState } from '@kube-prefetch/core';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  aDeployment,
  aPrefetch,
  aPullSecret,
  clusterSourceSuite,
  type PlainObject,
  secretReaderSuite,
} from '../../testing/index.ts';
import { createManifestsSource } from './manifests-source.ts';

const NEVER_MS = 1e12;

/** A source on a folder of its own. Time moves only in `until`, a little while file operations and watches get on. */
async function prepare({ pollMs = 100 }: { pollMs?: number } = {}) {
  const top = await mkdtemp(join(tmpdir(), 'kube-prefetch-source-'));
  const dir = join(top, 'manifests');
  await mkdir(dir);
  const clock = createVirtualClock();
  const logged: { level: string; fields: object; message: string }[] = [];
  const note = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const log = { debug: note('debug'), info: note('info'), warn: note('warn') };
  const until = async (condition: () => boolean) => {
    for (let turn = 0; turn < 500_000; turn += 1) {
      if (condition()) return;
      await clock.advance(5);
    }
    throw new Error('this never happened');
  };
  const source = createManifestsSource({ dir, clock, log, pollMs, ownNamespace: 'default' });
  return { top, dir, source, until, logged, close: () => rm(top, { recursive: true }) };
}

clusterSourceSuite('the manifests source', async () => {
  const { top, dir, source, until, close } = await prepare();
  const away = join(top, 'away');
  return {
    source,
    until,
    close,
    async hold(objects) {
      const files = new Map(objects.map(object => [fileName(object), JSON.stringify(object)]));
      for (const [name, text] of files) await save(join(dir, name), text);
      for (const name of await readdir(dir)) if (!files.has(name)) await rm(join(dir, name));
    },
    setFailing: failing => (failing ? rename(dir, away) : rename(away, dir)),
  };
});

secretReaderSuite('the manifests source', async () => {
  const { top, dir, source, until, close } = await prepare();
  const away = join(top, 'away');
  const stop = new AbortController();
  const running = source.run(() => {}, stop.signal);
  await until(() => source.read() !== undefined);
  return {
    reader: source.secrets,
    namespace: 'shop',
    async hold(name, secret) {
      const path = join(dir, `${name}.json`);
      const object = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name }, ...secret };
      if (secret === undefined) await rm(path);
      else await save(path, JSON.stringify(object));
      // A secret is no part of the state: nothing but a reader sees that it changed.
      for (let tries = 0; tries < 1_000; tries += 1) {
        let turns = 0;
        await until(() => ++turns > 50);
        // One that is being written cannot be read.
        const found = await source.secrets.read({ namespace: 'shop', name }, stop.signal).catch(() => undefined);
        if (isDeepStrictEqual(found, secret ?? 'missing')) return;
      }
      throw new Error('it is not read');
    },
    async beAway(now) {
      await (now ? rename(dir, away) : rename(away, dir));
      await until(() => (source.read()?.gaps.length !== 0) === now);
    },
    async close() {
      stop.abort();
      let ended = false;
      void running.then(() => (ended = true));
      await until(() => ended);
      await close();
    },
  };
});

test('nothing that a Secret holds is told, whatever is wrong with it and with its file', async () => {
  const warned: unknown[] = [];
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(warning => void warned.push(warning));
  onTestFinished(() => warn.mockRestore());
  const { data } = aPullSecret({ 'r.example': 'canary' });
  const secret = (parts: object) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, type: 'canary', ...parts });
  const { logged, reads } = await start({
    'type.json': secret({ type: ['canary'] }),
    'data.json': secret({ data: { canary: 4242, '.dockerconfigjson': ['canary'] } }),
    'list.json': secret({ data: ['canary'] }),
    'cut.json': secret({ data }).slice(0, -30),
    'alias.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  password: *canary\n',
    'tag.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: c}\nstringData: {a: !canary x, b: "c" canary}\n',
    'twice.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: d}\nstringData: {canary: x, canary: y}\n',
    'key.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: e}\nstringData:\n  ? {canary: x}\n  : y\n',
    'scalar.yaml': 'kind: Secret\n"canary" "canary"\n--- canary: [\n',
  });
  const state = await reads(({ gaps }) => gaps.length > 3);
  expect(JSON.stringify([logged, state, warned.map(String)])).not.toMatch(/canary|4242/);
});

function fileName(object: PlainObject): string {
  return `${object.kind as string}-${(object.metadata as { name: string }).name}.json`;
}

/** As an editor does. */
async function save(path: string, text: string): Promise<void> {
  await writeFile(`${path}~`, text);
  await rename(`${path}~`, path);
}

async function start(files: Readonly<Record<string, string>>, options?: { pollMs?: number }) {
  const prepared = await prepare(options);
  const { dir, source, until, close } = prepared;
  const put = (name: string, text: string) => save(join(dir, name), text);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await put(name, text);
  }
  const stop = new AbortController();
  let ended = false;
  const run = source.run(() => {}, stop.signal).then(() => void (ended = true));
  onTestFinished(async () => {
    stop.abort();
    await until(() => ended);
    await run;
    await close();
  });
  const reads = async (condition: (state: ClusterState) => boolean): Promise<ClusterState> => {
    let found: ClusterState | undefined;
    await until(() => {
      const state = source.read();
      found = state !== undefined && condition(state) ? state : undefined;
      return found !== undefined;
    });
    return found as ClusterState;
  };
  return { ...prepared, put, reads };
}

const names = (state: ClusterState) => state.workloads.map(({ name }) => name).join();
const json = (...objects: readonly PlainObject[]) => objects.map(object => JSON.stringify(object)).join('\n---\n');

test('a change is seen by watches alone, in folders that were there and in new ones', async () => {
  const { dir, put, reads } = await start({ 'deep/er/a.yaml': json(aDeployment('a')) }, { pollMs: NEVER_MS });
  await reads(state => names(state) === 'a');
  await put('deep/er/a.yaml', json(aDeployment('b')));
  await reads(state => names(state) === 'b');
  await mkdir(join(dir, 'new', 'folder'), { recursive: true });
  await put('new/folder/c.yaml', json(aDeployment('c')));
  await reads(state => names(state) === 'b,c');
  await put('new/folder/c.yaml', json(aDeployment('d')));
  expect((await reads(state => names(state) === 'b,d')).gaps).toEqual([]);
});

test('a folder that was replaced by another of its name is watched again', async () => {
  const { top, dir, put, reads } = await start({ 'sub/a.yaml': json(aDeployment('a')) }, { pollMs: NEVER_MS });
  await reads(state => names(state) === 'a');
  await rename(join(dir, 'sub'), join(top, 'old'));
  await mkdir(join(dir, 'sub'));
  await put('sub/a.yaml', json(aDeployment('b')));
  await reads(state => names(state) === 'b');
  await put('sub/a.yaml', json(aDeployment('c')));
  expect((await reads(state => names(state) === 'c')).gaps).toEqual([]);
});

test('a mounted ConfigMap is read through its visible links, and a swap of the hidden folder is seen', async () => {
  const { dir, reads } = await start({}, { pollMs: NEVER_MS });
  for (const version of ['..v1', '..v2']) {
    await mkdir(join(dir, version));
    await writeFile(join(dir, version, 'a.yaml'), json(aDeployment(version === '..v1' ? 'one' : 'two')));
  }
  await symlink('..v1', join(dir, '..data'));
  await symlink(join('..data', 'a.yaml'), join(dir, 'a.yaml'));
  await reads(state => names(state) === 'one');
  await symlink('..v2', join(dir, '..data_tmp'));
  await rename(join(dir, '..data_tmp'), join(dir, '..data'));
  expect((await reads(state => names(state) === 'two')).gaps).toEqual([]);
});

test('a broken file is named with its line while its last good state stays, and others go on', async () => {
  const { dir, put, reads, logged } = await start({
    'a.yaml': json(aDeployment('a')),
    'b.yaml': json(aDeployment('b')),
  });
  await reads(state => names(state) === 'a,b');
  await put('a.yaml', 'kind: Deployment\nmetadata:\n\tname: a\n');
  const broken = await reads(({ gaps }) => gaps.length > 0);
  expect(broken.gaps).toEqual([expect.stringMatching(/a\.yaml:3: .*[Tt]abs/)]);
  expect(broken.gaps[0]).toContain(join(dir, 'a.yaml'));
  expect(names(broken)).toBe('a,b');
  await put('b.yaml', json(aDeployment('c')));
  expect((await reads(state => names(state) === 'a,c')).gaps).toHaveLength(1);
  await put('a.yaml', json(aDeployment('d')));
  await reads(state => names(state) === 'd,c' && state.gaps.length === 0);
  const warnings = logged.filter(({ level }) => level === 'warn');
  expect(warnings).toEqual([{ level: 'warn', message: 'manifest not used', fields: { problem: broken.gaps[0] } }]);
});

test('a file that was broken from the start counts as far as it can be made out', async () => {
  const { reads } = await start({
    'a.yaml': `${json(aDeployment('a'))}\n---\nkind: [\n---\n${json(aDeployment('b'))}`,
  });
  const state = await reads(() => true);
  expect(names(state)).toBe('a,b');
  expect(state.gaps).toEqual([expect.stringContaining('a.yaml:4: ')]);
});

test('a file that was deleted takes its objects with it; one that became empty does not', async () => {
  const { dir, put, reads } = await start({ 'a.yaml': json(aDeployment('a')), 'b.yaml': json(aDeployment('b')) });
  await reads(state => names(state) === 'a,b');
  await put('a.yaml', '');
  const emptied = await reads(({ gaps }) => gaps.length > 0);
  expect(names(emptied)).toBe('a,b');
  expect(emptied.gaps).toEqual([expect.stringContaining('a.yaml:1: the file has become empty')]);
  await rm(join(dir, 'a.yaml'));
  await reads(state => names(state) === 'b' && state.gaps.length === 0);
});

test('a directory that is not there yet is not an empty one; it is read once it is', async () => {
  const { top, dir, source, until, logged, close } = await prepare();
  await rm(dir, { recursive: true });
  const stop = new AbortController();
  let changes = 0;
  const run = source.run(() => void (changes += 1), stop.signal);
  await until(() => logged.length > 0);
  let turns = 0;
  await until(() => (turns += 1) > 1_000);
  expect([source.read(), changes]).toEqual([undefined, 0]);
  expect(logged.map(({ message }) => message)).toEqual(['cannot read the manifests yet']);
  await mkdir(join(top, 'next'));
  await save(join(top, 'next', 'a.yaml'), json(aDeployment('a')));
  await rename(join(top, 'next'), dir);
  await until(() => source.read()?.workloads.length === 1);
  stop.abort();
  await run;
  await close();
});

test('a link that leads nowhere is a gap, and what it led to stays', async () => {
  const { top, dir, reads } = await start({});
  await writeFile(join(top, 'elsewhere.yaml'), json(aDeployment('a')));
  await symlink(join(top, 'elsewhere.yaml'), join(dir, 'a.yaml'));
  await reads(state => names(state) === 'a');
  await rm(join(top, 'elsewhere.yaml'));
  const state = await reads(({ gaps }) => gaps.length > 0);
  expect(names(state)).toBe('a');
  expect(state.gaps[0]).toMatch(/a\.yaml: cannot be read: ENOENT/);
});

test('a refused resource is told by file and line, and makes plans incomplete', async () => {
  const { put, reads } = await start({ 'a.yaml': json(aPrefetch('warm')) });
  await reads(({ resources }) => resources[0]?.generation === 1);
  await put('a.yaml', json(aPrefetch('warm', { imagse: ['nginx'] })));
  const state = await reads(({ resources }) => resources[0]?.generation === 2);
  expect(state.resources[0]?.problems).toContainEqual(expect.stringContaining('spec.imagse: no such field'));
  expect(state.gaps).toContainEqual(expect.stringMatching(/a\.yaml:1: Prefetch shop\/warm: spec\.imagse/));
});

test('an object of a kind that is not read is passed over quietly, one of a wrong version with a warning', async () => {
  const { dir, reads, logged } = await start({
    'a.yaml': 'apiVersion: v1\nkind: Service\n---\napiVersion: app/v1\nkind: Deployment\nmetadata: {name: a}\n',
  });
  const state = await reads(() => true);
  expect([state.workloads, state.gaps]).toEqual([[], []]);
  const file = join(dir, 'a.yaml');
  expect(logged.filter(({ message }) => message === 'object passed over')).toEqual([
    { level: 'debug', message: 'object passed over', fields: { file: `${file}:1`, apiVersion: 'v1', kind: 'Service' } },
    {
      level: 'warn',
      message: 'object passed over',
      fields: { file: `${file}:4`, apiVersion: 'app/v1', kind: 'Deployment' },
    },
  ]);
});
