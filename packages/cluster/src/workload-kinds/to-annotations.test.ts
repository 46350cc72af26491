import type { WorkloadAnnotations } from '@kube-prefetch/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { root } from '../to-state/read-fields.ts';
import { builtInKind } from './built-in-kinds.ts';
import { toWorkloads } from './to-workloads.ts';

const NAMES = { exclude: 'kube-prefetch.io/exclude', prefetch: 'kube-prefetch.io/prefetch' };

/** What is kept of a Deployment's annotations and its template's, written without their prefix. */
function kept(own: Record<string, unknown>, ofTemplate: Record<string, unknown> = {}): WorkloadAnnotations | undefined {
  const written = (annotations: object) => ({
    'example.com/note': 'not ours',
    ...Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`kube-prefetch.io/${name}`, value])),
  });
  const template = { metadata: { annotations: written(ofTemplate) }, spec: { containers: [{ image: 'a' }] } };
  const object = { metadata: { name: 'web', annotations: written(own) }, spec: { template } };
  return toWorkloads(builtInKind('Deployment'), root(object))[0]?.annotations;
}

test.each<[own: Record<string, string>, ofTemplate: Record<string, string>, expected: object | undefined]>([
  [{}, {}, undefined],
  [{ exclude: 'true' }, {}, { exclude: 'all' }],
  [{}, { exclude: ' true ' }, { exclude: 'all' }],
  [{ exclude: 'false', prefetch: 'false' }, {}, {}],
  [{ exclude: 'proxy, debug' }, { exclude: 'debug,init' }, { exclude: ['proxy', 'debug', 'init'] }],
  [{ exclude: 'proxy' }, { exclude: 'true' }, { exclude: 'all' }],
  [{ prefetch: 'true' }, {}, { prefetch: 'yes' }],
  [{ prefetch: 'false' }, { prefetch: 'true' }, { prefetch: 'yes' }],
])('annotations %j, and %j of the template, say %j', (own, ofTemplate, expected) => {
  expect(kept(own, ofTemplate)).toEqual(expected && { problems: [], ...expected });
});

test.each<[given: Record<string, string>, expected: Partial<WorkloadAnnotations>, problem: string]>([
  [{ exclude: '' }, {}, 'exclude: expected "true", "false" or names of containers, separated by commas, got ""'],
  [{ exclude: 'True' }, {}, 'exclude: expected .*, got "True"'],
  [{ exclude: 'proxy,De bug' }, { exclude: ['proxy'] }, 'exclude: expected .*, got "De bug"'],
  [{ exclude: 'x'.repeat(8_193) }, {}, 'exclude: expected at most 8192 characters, got 8193'],
  [
    { exclude: Array.from({ length: 101 }, (_, index) => `c${index}`).join() },
    { exclude: Array.from({ length: 100 }, (_, index) => `c${index}`) },
    'exclude: expected at most 100 names, got 101; the first 100 count',
  ],
  [{ prefetch: 'yes' }, { prefetch: 'unclear' }, 'prefetch: expected "true" or "false", got "yes"'],
  [{ prefetch: '' }, { prefetch: 'unclear' }, 'prefetch: expected "true" or "false", got ""'],
])('%j makes no sense, is a problem, and leaves out nothing that it does not name', (given, expected, problem) => {
  expect(kept(given)).toEqual({
    ...expected,
    problems: [expect.stringMatching(new RegExp(`^kube-prefetch\\.io/${problem}$`))],
  });
});

test('an annotation that is no text, as no API server has it, is a malformed field', () => {
  expect(() => kept({ exclude: true })).toThrow(
    'metadata.annotations.kube-prefetch.io/exclude: expected text (quote it',
  );
});

test('whatever annotations say is kept in bounds, and only names of containers leave anything out', () => {
  const hits = { names: 0, all: 0, problems: 0, unclear: 0, runs: 0 };
  const value = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('true', 'false', 'main', ' a , b', 'a,,b', 'a;b', '*', '["a"]', 'TRUE'),
    fc.array(fc.stringMatching(/^[a-z0-9-]{0,70}$/), { maxLength: 200 }).map(names => names.join()),
  );
  const annotations = fc.record({ exclude: value, prefetch: value }, { requiredKeys: [] });
  fc.assert(
    fc.property(annotations, annotations, (own, ofTemplate) => {
      const { exclude, prefetch, problems = [] } = kept(own, ofTemplate) ?? {};
      const said = [own.exclude, ofTemplate.exclude];
      hits.runs += 1;
      if (exclude === 'all') expect(said.map(text => text?.trim())).toContain('true');
      else for (const name of exclude ?? []) expect(said.some(text => text?.includes(name))).toBe(true);
      expect(exclude?.length ?? 0).toBeLessThanOrEqual(200);
      expect(problems.join('').length).toBeLessThan(4 * 300);
      if (prefetch === 'unclear') expect(problems.join()).toContain(NAMES.prefetch);
      hits.names += exclude !== undefined && exclude !== 'all' ? 1 : 0;
      hits.all += exclude === 'all' ? 1 : 0;
      hits.problems += problems.length > 0 ? 1 : 0;
      hits.unclear += prefetch === 'unclear' ? 1 : 0;
    }),
    { numRuns: 2_000 },
  );
  console.log('annotations:', hits);
  expect(Math.min(hits.names, hits.all, hits.problems, hits.unclear)).toBeGreaterThan(50);
});
