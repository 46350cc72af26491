import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'one-at-a-time-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const turn = (doing: string) => ({
  file: join(folder, 'deeper', 'turn'),
  doing,
  say: (line: string) => void said.push(line),
});

test('work of one turn never overlaps, and who waits says for what', async () => {
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    // The first goes on until both others wait: who waits for a turn that is over already cannot say whose it was.
    do await new Promise(resolve => setTimeout(resolve, 20));
    while (said.length < 2);
    running -= 1;
  };
  await Promise.all(['building one', 'building two', 'building three'].map(doing => oneAtATime(turn(doing), work)));
  expect(most).toBe(1);
  expect(said).toHaveLength(2);
  for (const line of said)
    expect(line).toMatch(new RegExp(`^Waiting for process ${process.pid}, which is building \\w+$`));
});

test('a turn ends also when the work throws', async () => {
  await expect(oneAtATime(turn('failing'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await oneAtATime(turn('trying again'), async () => 'done')).toBe('done');
  expect(said).toEqual([]);
});

test('a turn ends with the process that has it, also by SIGKILL', async () => {
  const script = `
    const { oneAtATime } = await import(${JSON.stringify(new URL('one-at-a-time.ts', import.meta.url).href)});
    await oneAtATime(${JSON.stringify(turn('standing still'))}, async () => {
      console.log('mine');
      await new Promise(resolve => setTimeout(resolve, 60_000));
    });`;
  const other = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  const ours = oneAtATime(turn('taking over'), async () => 'done');
  await expect
    .poll(() => said, { timeout: 60_000 })
    .toEqual([`Waiting for process ${other.pid}, which is standing still`]);
  other.kill('SIGKILL');
  expect(await ours).toBe('done');
});
