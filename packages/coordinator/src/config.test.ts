import { expect, test } from 'vitest';
import { kindsOf, problemsOf } from './config.ts';

const problems = (workloadKinds: string) => problemsOf({ workloadKinds } as Parameters<typeof problemsOf>[0]);

test('kinds of workloads that make no sense are told before the coordinator starts', () => {
  expect(problems('["Rollout"]')).toEqual([]);
  expect(problems('["Fleet"]')[0]).toMatch(/^--workload-kinds: \[0\]: expected a row such as .*, got "Fleet"$/);
  expect(problems('[{"group":"a.io","version":"v1","kind":"Fleet","templates":["spec[0]"]}]')[0]).toMatch(
    /^--workload-kinds: \[0\]\.templates\[0\]: expected names joined by dots, .* got "spec\[0\]"$/,
  );
  expect(problems('nothing')[0]).toMatch(/^--workload-kinds: .*JSON/);
});

test('all known kinds are read unless told, and none of an empty list', () => {
  expect(kindsOf({}).rows).toHaveLength(10);
  expect(kindsOf({ workloadKinds: '[]' }).rows).toEqual([]);
});
