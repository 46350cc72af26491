import fc from 'fast-check';
import { expect, test } from 'vitest';
import { root } from '../to-state/read-fields.ts';
import { follow, InvalidPath, parsePath } from './template-path.ts';

const found = (object: unknown, path: string) => follow(root(object), parsePath(path)).map(({ value }) => value);

test.each([
  ['spec.template', { spec: { template: 1 } }, [1]],
  ['spec.jobs[*].template', { spec: { jobs: [{ template: 1 }, {}, { template: 2 }] } }, [1, 2]],
  [
    'spec.replicaSpecs[*].template',
    { spec: { replicaSpecs: { Master: { template: 1 }, Worker: { template: 2 } } } },
    [1, 2],
  ],
  ['spec.a[*].b[*]', { spec: { a: [{ b: [1, 2] }, { b: [3] }] } }, [1, 2, 3]],
  ['spec.template', { spec: null }, []],
  ['spec.a[*].b', {}, []],
])('%s in %j leads to %j', (path, object, expected) => {
  expect(found(object, path)).toEqual(expected);
});

test.each([
  ['spec.template', { spec: ['a'] }, 'spec: expected a mapping, got a list'],
  ['spec.jobs[*].template', { spec: { jobs: [1] } }, 'spec.jobs[0]: expected a mapping, got 1'],
  ['spec.jobs[*]', { spec: { jobs: 'many' } }, 'spec.jobs: expected a mapping, got "many"'],
])('%s in %j: %s', (path, object, problem) => {
  expect(() => found(object, path)).toThrow(problem);
});

test.each([
  '',
  '.',
  'spec.',
  '.spec',
  'spec..a',
  'spec[0]',
  'spec.*',
  '[*]',
  'spec.[*]',
  'spec[*][*]',
  '$.spec',
  'spec/a',
  '1a',
])('%j is no path', text => {
  expect(() => parsePath(text)).toThrow(InvalidPath);
});

const name = fc.constantFrom('spec', 'template', 'jobs', 'a-b', 'a_1');
const steps = fc.array(fc.record({ name, each: fc.boolean() }), { minLength: 1, maxLength: 6 });

/** An object in which the path leads to `count` numbers for each `[*]` along it, as lists or mappings. */
function planted(
  path: readonly { name: string; each: boolean }[],
  count: number,
  asList: boolean,
): { object: unknown; leaves: number } {
  let leaves = 0;
  const grow = ([step, ...rest]: typeof path): unknown => {
    if (step === undefined) return leaves++;
    if (!step.each) return { [step.name]: grow(rest) };
    const values = Array.from({ length: count }, () => grow(rest));
    return { [step.name]: asList ? values : Object.fromEntries(values.map((value, index) => [`k${index}`, value])) };
  };
  const object = grow(path);
  return { object, leaves };
}

test('a path finds all that was planted along it, in order, and says where each is', () => {
  let several = 0;
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 3 }), fc.boolean(), (path, count, asList) => {
      const { object, leaves } = planted(path, count, asList);
      const text = path.map(step => step.name + (step.each ? '[*]' : '')).join('.');
      const fields = follow(root(object), parsePath(text));
      expect(fields.map(({ value }) => value)).toEqual(Array.from({ length: leaves }, (_, index) => index));
      for (const field of fields) {
        const at = field.path.reduce((value, key) => (value as Record<string, unknown>)[key] as unknown, object);
        expect(at).toBe(field.value);
      }
      if (leaves > 1) several += 1;
    }),
  );
  console.log(`paths that led to several: ${several} of 100`);
  expect(several).toBeGreaterThan(10);
});

test('any text is a path that reads as it was written, or is refused with a sentence', () => {
  let paths = 0;
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('spec', '.', '[*]', 'a', '[', '0', ' '), { maxLength: 8 }).map(parts => parts.join('')),
  );
  fc.assert(
    fc.property(text, candidate => {
      try {
        const { steps: read } = parsePath(candidate);
        expect(read.map(step => step.name + (step.each ? '[*]' : '')).join('.')).toBe(candidate);
        paths += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidPath);
        expect((error as Error).message).toMatch(/^expected /);
      }
    }),
    { numRuns: 1_000 },
  );
  console.log(`texts that are paths: ${paths} of 1000`);
  expect(paths).toBeGreaterThan(20);
});
