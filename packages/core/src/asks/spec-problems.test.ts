import { aResource } from '@kube-prefetch/core/testing';
import type { PrefetchSpec } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { problemsOf } from './spec-problems.ts';

const BAD = { matchExpressions: [{ key: 'tier', operator: 'Has' }] };

test.each<[what: string, spec: Partial<PrefetchSpec>, path: string]>([
  [
    'of workloads',
    {
      workloads: [
        { kinds: ['Job'], selector: {} },
        { kinds: ['Job'], selector: BAD },
      ],
    },
    'spec.workloads[1].selector: ',
  ],
  [
    'of namespaces',
    { workloads: [{ kinds: ['Job'], selector: {}, namespaces: { selector: BAD } }] },
    'spec.workloads[0].namespaces.selector: ',
  ],
  ['of nodes', { nodes: { placement: 'Eligible', selector: BAD } }, 'spec.nodes.selector: '],
  [
    'of a toleration',
    { nodes: { placement: 'Eligible', tolerations: [{ operator: 'Exists' }, { key: 'a', operator: 'Has' }] } },
    'spec.nodes.tolerations[1]: ',
  ],
])('a bad operator %s is a problem that names the field', (_what, spec, path) => {
  const problems = problemsOf(aResource({ spec }));
  expect(problems).toHaveLength(1);
  expect(problems[0]?.startsWith(path)).toBe(true);
  expect(problems[0]).toMatch(/got "Has"/);
});

test.each([
  [{ from: 'docker.io', to: 'mirror.example/' }, 'from: expected a registry such as docker.io/, .*, got "docker.io"'],
  [{ from: 'docker.io/', to: 'mirror.example/Hub/' }, 'to: expected .*, got "mirror.example/Hub/"'],
  [{ from: 'r.example/*/', to: 'mirror.example/' }, 'from: expected '],
  [{ from: 'nginx', to: 'mirror.example/nginx' }, 'from: expected '],
  [
    { from: 'r.example/app:1', to: 'r.example/app:2' },
    'from: expected .* without tag or digest, got "r.example/app:1"',
  ],
  [{ from: 'docker.io/', to: 'r.example/hub' }, 'expected from and to both with / at the end, or both without, got '],
])('a rule %j is a problem', (rule, problem) => {
  const good = { from: 'docker.io/', to: 'localhost:5000/hub/' };
  expect(problemsOf(aResource({ spec: { rewrite: [good, rule] } }))).toEqual([
    expect.stringMatching(new RegExp(`^spec\\.rewrite\\[1\\]: ${problem}`)),
  ]);
});

test('a malformed image reference is no problem of the resource', () => {
  expect(problemsOf(aResource({ spec: { images: ['Nginx:'] } }))).toEqual([]);
});

test('the spec of a resource that broke the schema is not looked at', () => {
  const spec = { workloads: 'all of them' } as unknown as PrefetchSpec;
  expect(problemsOf({ ...aResource(), spec, problems: ['spec.workloads: expected a list'] })).toEqual([
    'spec.workloads: expected a list',
  ]);
});

test.each([
  ['Rollout.argoproj.io', undefined],
  ['Deployment', undefined],
  [
    'Fleet',
    'Fleet is no kind that is read; an administrator adds it to workloadKinds.known, or .*workloadKinds.custom$',
  ],
  ['Rollout', 'Rollout is Rollout.argoproj.io or Rollout.example.io: write which one$'],
  [
    'Train',
    'Train.x.io is found through Set.x.io, which is not read; an administrator adds it to workloadKinds.known$',
  ],
])('the kind %s has the problem %s', (kind, problem) => {
  const kinds = [
    { group: 'argoproj.io', kind: 'Rollout' },
    { group: 'example.io', kind: 'Rollout' },
    { group: 'x.io', kind: 'Train', makes: { group: 'x.io', kind: 'Set' } },
  ].map(each => ({ ...each, read: true, gaps: [], notes: [] }));
  const resource = aResource({ spec: { workloads: [{ kinds: ['Job', kind], selector: {} }] } });
  expect(problemsOf(resource, kinds)).toEqual(
    problem === undefined ? [] : [expect.stringMatching(`^spec\\.workloads\\[0\\]\\.kinds\\[1\\]: ${problem}`)],
  );
});
