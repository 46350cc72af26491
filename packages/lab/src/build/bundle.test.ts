import { expect, test } from 'vitest';
import { bundledFiles, PROGRAMS } from './bundle.ts';

const forTests = (files: readonly string[]) => files.filter(file => /^packages\/\w+\/testing\//.test(file));

test.each(PROGRAMS)('the bundle of the %s holds no twin and nothing else that is for tests', async program => {
  const files = await bundledFiles(`packages/${program}/src/main.ts`);
  expect(files).toContain(`packages/${program}/src/main.ts`);
  expect(forTests(files)).toEqual([]);
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
