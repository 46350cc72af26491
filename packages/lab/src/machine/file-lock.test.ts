import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from './file-lock.ts';

/** Above the kernel's largest pid. */
const NOBODY = 4_194_305;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-lock-'));
  file = join(folder, 'deeper', 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('work under one lock never overlaps', async () => {
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(resolve => setTimeout(resolve, 5));
    running -= 1;
  };
  await Promise.all([withFileLock(file, work), withFileLock(file, work), withFileLock(file, work)]);
  expect(most).toBe(1);
});

test('a lock is released also when the work throws', async () => {
  await expect(withFileLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test("a dead process's lock is taken over", async () => {
  await withFileLock(file, async () => {});
  writeFileSync(file, String(NOBODY));
  expect(await withFileLock(file, async () => 'done')).toBe('done');
});
