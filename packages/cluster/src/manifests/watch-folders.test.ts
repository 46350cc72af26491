import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrigger } from '@kube-prefetch/time';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createFolderWatches } from './watch-folders.ts';

async function start() {
  const dir = await mkdtemp(join(tmpdir(), 'kube-prefetch-watch-'));
  const wake = createTrigger(createVirtualClock());
  const failures: string[] = [];
  let changes = 0;
  const watches = createFolderWatches({
    changed: () => {
      changes += 1;
      wake.fire();
    },
    failed: path => failures.push(path),
  });
  onTestFinished(() => {
    watches.close();
    return rm(dir, { recursive: true });
  });
  const folder = async (name: string) => {
    await mkdir(join(dir, name));
    return join(dir, name);
  };
  /** Never, where no event comes. */
  const event = () => wake.next(Infinity, new AbortController().signal);
  return { folder, watches, failures, event, changes: () => changes };
}

test('a write in a watched folder is told', async () => {
  const { folder, watches, event, changes } = await start();
  const path = await folder('a');
  watches.add(path, '1');
  await writeFile(join(path, 'x'), '');
  await event();
  expect(changes()).toBeGreaterThan(0);
});

test('a folder that is no longer kept is not watched: events come in order, and its own never does', async () => {
  const { folder, watches, event, changes } = await start();
  const [left, kept] = [await folder('left'), await folder('kept')];
  watches.add(left, '1');
  watches.add(kept, '2');
  watches.keepOnly(new Set([kept]));
  await mkdir(join(left, 'x'));
  expect(changes()).toBe(0);
  await mkdir(join(kept, 'x'));
  await event();
  expect(changes()).toBe(1);
});

test('a folder that cannot be watched is told once, until another takes its path', async () => {
  const { watches, failures } = await start();
  for (const id of ['1', '1', '2']) watches.add('/nowhere', id);
  expect(failures).toEqual(['/nowhere', '/nowhere']);
});
