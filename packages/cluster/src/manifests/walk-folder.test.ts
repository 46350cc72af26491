import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { walkFolder } from './walk-folder.ts';

async function folder(...files: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kube-prefetch-walk-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const file of files) {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(join(dir, file), '');
  }
  return dir;
}

async function walk(dir: string) {
  const entered: string[] = [];
  const { files, failures } = await walkFolder(dir, path => entered.push(relative(dir, path)));
  return {
    files: files.map(({ path }) => relative(dir, path)),
    failures: failures.map(({ path }) => relative(dir, path)),
    entered,
  };
}

test('manifests are found at any depth in order, and nothing else', async () => {
  const dir = await folder(
    'b.yml',
    'a.yaml',
    'c.JSON',
    'd/e/f/g.yaml',
    'notes.md',
    'a.yaml~',
    '.hidden.yaml',
    '.git/x.yaml',
  );
  const found = await walk(dir);
  expect(found.files).toEqual(['a.yaml', 'b.yml', 'c.JSON', 'd/e/f/g.yaml']);
  expect(found.entered).toEqual(['', 'd', 'd/e', 'd/e/f']);
});

test('links that lead round in a circle are followed once', async () => {
  const dir = await folder('a/b.yaml');
  await symlink('..', join(dir, 'a', 'up'));
  expect((await walk(dir)).files).toEqual(['a/b.yaml']);
});

test('what cannot be looked at is a failure beside the rest', async () => {
  const dir = await folder('a.yaml');
  await symlink('nowhere', join(dir, 'b.yaml'));
  await symlink('c.yaml', join(dir, 'c.yaml'));
  const found = await walk(dir);
  expect([found.files, found.failures]).toEqual([['a.yaml'], ['b.yaml', 'c.yaml']]);
});

test.each(['a.yaml', 'missing'])('what is not a folder (%s) is a failure, not an empty folder', async name => {
  const dir = await folder('a.yaml');
  const { files, failures } = await walkFolder(join(dir, name), () => {});
  expect([files, failures.map(({ path }) => path)]).toEqual([[], [join(dir, name)]]);
});

test('a stamp differs once a file was written', async () => {
  const dir = await folder('a.yaml');
  const stamps = async () => (await walkFolder(dir, () => {})).files.map(({ stamp }) => stamp);
  const before = await stamps();
  expect(await stamps()).toEqual(before);
  await writeFile(join(dir, 'a.yaml'), 'more');
  expect(await stamps()).not.toEqual(before);
});
