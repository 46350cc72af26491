import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStateFolder } from './state-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kp-state-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const state = {
  plan: { revision: 'r1', complete: true, items: [{ image: 'nginx', priority: 0, start: true }] },
  suspects: [{ image: 'bad', kind: 'Corrupt' as const, message: 'digest', count: 2 }],
  present: ['nginx'],
};

test('what was saved is loaded by the next process', async () => {
  const first = await openStateFolder(folder);
  expect(await first.load()).toEqual({ saved: undefined });
  await first.save(state);
  await first.close();
  const second = await openStateFolder(folder);
  expect(await second.load()).toEqual({ saved: state });
  await second.close();
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('a second agent is told which folder is in use, and the first keeps it', async () => {
  const first = await openStateFolder(folder);
  for (const _ of [1, 2]) {
    await expect(openStateFolder(folder)).rejects.toThrow(
      `another agent uses the state folder ${folder}: stop it, or give this one a folder of its own`,
    );
  }
  await first.close();
  await (await openStateFolder(folder)).close();
});

test('a folder whose path is longer than a socket address may be is locked as well', async () => {
  const deep = join(folder, 'd'.repeat(120));
  const first = await openStateFolder(deep);
  await expect(openStateFolder(deep)).rejects.toThrow('another agent uses');
  await first.close();
});

test('the lock of a process that was killed is no lock', async () => {
  const module = new URL('./lock-folder.ts', import.meta.url).href;
  const script = `const { lockFolder } = await import(${JSON.stringify(module)});
    await lockFolder(${JSON.stringify(folder)}); console.log('locked'); process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await expect(openStateFolder(folder)).rejects.toThrow('another agent uses');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await openStateFolder(folder)).close();
});

test('of many that start at once on what a dead process left, one gets the folder', async () => {
  await writeFile(join(folder, 'lock'), '');
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => openStateFolder(folder)));
  const won = outcomes.filter(outcome => outcome.status === 'fulfilled');
  expect(won.length).toBe(1);
  await won[0]?.value.close();
});

test.each([
  ['no JSON', '{"plan":'],
  ['another shape', '{"plan":{"revision":"r"},"suspects":[],"present":[]}'],
  ['empty, as after a crash without fsync', ''],
])('a state file with %s is set aside and named', async (_what, text) => {
  await writeFile(join(folder, 'state.json'), text);
  const state = await openStateFolder(folder);
  const { saved, problem } = await state.load();
  expect(saved).toBeUndefined();
  expect(problem).toContain(`It is now ${folder}/state.json.corrupt; the agent goes on without it.`);
  expect(await readFile(join(folder, 'state.json.corrupt'), 'utf8')).toBe(text);
  expect(await state.load()).toEqual({ saved: undefined });
  await state.close();
});

test.each<[string, (file: string) => Promise<unknown>, string]>([
  ['a pipe, which nobody writes to', file => promisify(execFile)('mkfifo', [file]), 'it is no file'],
  ['longer than any state', file => writeFile(file, ' '.repeat(16 * 2 ** 20 + 1)), 'it has 16777217 bytes'],
])('a state file that is %s is set aside and named, and not read', async (_what, make, words) => {
  const file = await openStateFolder(folder);
  await make(join(folder, 'state.json'));
  const { saved, problem } = await file.load();
  expect([saved, problem]).toEqual([undefined, expect.stringContaining(words)]);
  await file.save(state);
  expect(await file.load()).toEqual({ saved: state });
  await file.close();
});

test('a write that fails leaves the old state', async () => {
  const file = await openStateFolder(folder);
  await file.save(state);
  await mkdir(join(folder, 'state.json.new'));
  await expect(file.save({ suspects: [], present: [] })).rejects.toThrow('EISDIR');
  expect(await file.load()).toEqual({ saved: state });
  await file.close();
});

test('a folder that cannot be used ends the memory, not the agent', async () => {
  await writeFile(join(folder, 'file'), '');
  const file = await openStateFolder(join(folder, 'file', 'below'));
  const { saved, problem } = await file.load();
  expect([saved, problem]).toEqual([undefined, expect.stringContaining('ENOTDIR')]);
  await file.save(state);
  await file.close();
});

test('a state file that can neither be read nor moved aside is named', async () => {
  const file = await openStateFolder(folder);
  await mkdir(join(folder, 'state.json'));
  await mkdir(join(folder, 'state.json.corrupt', 'full'), { recursive: true });
  const { saved, problem } = await file.load();
  expect([saved, problem]).toEqual([undefined, expect.stringContaining('it is no file')]);
  await file.close();
});
