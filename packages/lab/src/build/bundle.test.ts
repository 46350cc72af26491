import { expect, test } from 'vitest';
import { buildPage } from './build-page.ts';
import { bundledFiles, PROGRAMS } from './bundle.ts';

const forTests = (files: readonly string[]) => files.filter(file => /^packages\/\w+\/testing\//.test(file));

test.each(PROGRAMS)('the bundle of the %s holds no twin and nothing else that is for tests', async program => {
  const files = await bundledFiles(`packages/${program}/src/main.ts`);
  expect(files).toContain(`packages/${program}/src/main.ts`);
  expect(forTests(files)).toEqual([]);
});

test('the page is small, and in the bundle of the coordinator alone', async () => {
  const { files } = await buildPage();
  const bytes = files.reduce((sum, { gzip }) => sum + Buffer.from(gzip, 'base64').length, 0);
  expect(bytes).toBeLessThan(150_000);
  expect(files.map(({ type }) => type.split(';')[0])).toEqual([
    'text/html',
    'text/javascript',
    'text/css',
    'image/svg+xml',
  ]);
  const holds = async (program: string) =>
    (await bundledFiles(`packages/${program}/src/main.ts`)).includes('packages/dashboard/src/page-files.ts');
  expect([await holds('coordinator'), await holds('agent')]).toEqual([true, false]);
});

test('a bundle that held a twin would be seen', async () => {
  expect(forTests(await bundledFiles('packages/lab/src/demo/infrastructure/in-memory.ts'))).toContain(
    'packages/runtime/testing/twin/runtime.ts',
  );
});

test('no bundle imports node:http as a module, for which Node loads its fetch', async () => {
  for (const program of PROGRAMS)
    expect(await bundledFiles(`packages/${program}/src/main.ts`)).toContain('packages/lab/src/build/node-http.cjs');
});
