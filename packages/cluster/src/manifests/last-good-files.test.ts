import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { aDeployment } from '../../testing/index.ts';
import { contributionOf, MAX_FILE_BYTES, readFile } from './last-good-files.ts';

async function fileWith(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kube-prefetch-file-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'a.yaml');
  await writeFile(path, text);
  return path;
}

test('two writes within one tick of the file system are both seen', async () => {
  const path = await fileWith(JSON.stringify(aDeployment('a')));
  const first = await readFile({ path, stamp: 'same' }, undefined);
  await writeFile(path, JSON.stringify(aDeployment('b')));
  const second = await readFile({ path, stamp: 'same' }, first);
  expect(second.reading.objects[0]?.name).toBe('Deployment shop/b');
});

test('a file that was read twice under one stamp is not read again', async () => {
  const path = await fileWith(JSON.stringify(aDeployment('a')));
  const first = await readFile({ path, stamp: 'same' }, undefined);
  const second = await readFile({ path, stamp: 'same' }, first);
  await rm(path);
  expect(await readFile({ path, stamp: 'same' }, second)).toBe(second);
  expect(second.reading).toBe(first.reading);
});

test('a file that was touched but not changed keeps its reading', async () => {
  const path = await fileWith(JSON.stringify(aDeployment('a')));
  const first = await readFile({ path, stamp: 'one' }, undefined);
  expect((await readFile({ path, stamp: 'two' }, first)).reading).toBe(first.reading);
});

test('a file that cannot be read is broken, and what it said stays', async () => {
  const path = await fileWith(JSON.stringify(aDeployment('a')));
  const first = await readFile({ path, stamp: 'one' }, undefined);
  await rm(path);
  const second = await readFile({ path, stamp: 'two' }, first);
  expect(contributionOf(path, second)).toEqual({
    path,
    objects: first.reading.objects,
    problems: [{ line: 1, text: expect.stringMatching(/^cannot be read: ENOENT/) }],
  });
});

test('a file past the bound is broken, and not read to find that out', async () => {
  const path = await fileWith('');
  await truncate(path, MAX_FILE_BYTES + 1);
  const { reading } = await readFile({ path, stamp: 'one' }, undefined);
  expect(reading.problems[0]?.text).toMatch(/expected at most 4194304 bytes, got 4194305; split the file/);
});
