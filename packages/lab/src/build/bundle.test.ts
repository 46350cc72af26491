import { beforeAll, expect, test } from 'vitest';
import { buildPage } from './build-page.ts';
import { bundledFiles, PROGRAMS, type Program } from './bundle.ts';

const forTests = (files: readonly string[]) => files.filter(file => /^packages\/\w+\/testing\//.test(file));
const filesOf = new Map<Program, readonly string[]>();
beforeAll(async () => {
  for (const program of PROGRAMS) filesOf.set(program, await bundledFiles(`packages/${program}/src/main.ts`));
}, 180_000);

test.each(PROGRAMS)('the bundle of the %s holds no twin and nothing else that is for tests', program => {
  expect(filesOf.get(program)).toContain(`packages/${program}/src/main.ts`);
  expect(forTests(filesOf.get(program) ?? [])).toEqual([]);
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
  const holders = PROGRAMS.filter(program => filesOf.get(program)?.includes('packages/dashboard/src/page-files.ts'));
  expect(holders).toEqual(['coordinator']);
});

test('a bundle that held a twin would be seen', async () => {
  expect(forTests(await bundledFiles('packages/lab/src/demo/infrastructure/in-memory.ts'))).toContain(
    'packages/runtime/testing/twin/runtime.ts',
  );
});

test('no bundle imports node:http as a module, for which Node loads its fetch', () => {
  for (const program of PROGRAMS) expect(filesOf.get(program)).toContain('packages/lab/src/build/node-http.cjs');
});
