import { expect, test } from 'vitest';
import { fileSystemSpace, ownRootSpace } from './file-system-space.ts';

test('a path that is here has a file system', async () => {
  const space = await fileSystemSpace(import.meta.dirname);
  if (space === 'unknown') throw new Error('this folder is on no file system');
  expect(space.capacityBytes).toBeGreaterThan(0);
  expect(space.usedBytes).toBeGreaterThan(0);
  expect(space.usedBytes).toBeLessThanOrEqual(space.capacityBytes);
});

test('a path that cannot be seen has an unknown one', async () => {
  expect(await fileSystemSpace('/no/such/folder')).toBe('unknown');
});

test('a root that is no overlay says nothing of an image store', async () => {
  expect(await ownRootSpace('/proc')).toBe('unknown');
});
