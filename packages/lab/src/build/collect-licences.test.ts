import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { collectLicences, packageFolders } from './collect-licences.ts';

test('an input belongs to the innermost package, and our own to none', () => {
  const inputs = [
    'packages/agent/src/main.ts',
    'node_modules/a/lib/x.js',
    'node_modules/a/lib/y.js',
    'node_modules/a/node_modules/@b/c/index.js',
  ];
  expect(packageFolders(inputs)).toEqual(['node_modules/a', 'node_modules/a/node_modules/@b/c']);
});

test("the text holds our licence, and name, version, kind and text of a package's", async () => {
  const { version } = JSON.parse(await readFile('node_modules/yaml/package.json', 'utf8')) as { version: string };
  const text = await collectLicences('.', ['node_modules/yaml/dist/index.js']);
  expect(text).toContain('Apache License');
  expect(text).toContain(`yaml ${version}, ISC\n\nCopyright Eemeli Aro`);
});
