import { expect, test } from 'vitest';
import { KNOWN_MAKERS } from './known-kinds.ts';
import { parseWorkloadKinds } from './parse-workload-kinds.ts';

const FLEET = { group: 'example.com', version: 'v1', kind: 'Fleet', templates: ['spec.template'] };

test('known kinds are named with or without their group, and a row of one’s own says all that a known one says', () => {
  const own = {
    ...FLEET,
    plural: 'fleet',
    templates: ['spec.template', 'spec.jobs[*].template'],
    replicas: 'spec.replicas',
    suspend: 'spec.suspend',
    reference: 'spec.ref',
    finished: { conditions: ['Done'], path: 'status.phase', values: ['Over'] },
  };
  const { rows, makers } = parseWorkloadKinds(
    JSON.stringify(['Rollout', 'StatefulSet.apps.kruise.io', own, { ...FLEET, kind: 'Ship' }]),
  );
  expect(rows.map(({ kind, group, plural }) => [kind, group, plural])).toEqual([
    ['Rollout', 'argoproj.io', 'rollouts'],
    ['StatefulSet', 'apps.kruise.io', 'statefulsets'],
    ['Fleet', 'example.com', 'fleet'],
    ['Ship', 'example.com', 'ships'],
  ]);
  expect(rows[2]).toMatchObject({
    templates: [{ text: 'spec.template' }, { text: 'spec.jobs[*].template' }],
    replicas: { text: 'spec.replicas' },
    suspend: { text: 'spec.suspend' },
    reference: { text: 'spec.ref' },
    finished: { conditions: ['Done'], field: { path: { text: 'status.phase' }, values: ['Over'] } },
  });
  expect(makers).toEqual(KNOWN_MAKERS);
});

test('a row of one’s own takes the place of a kind that is read through another', () => {
  const own = { ...FLEET, group: 'trainer.kubeflow.org', kind: 'TrainJob' };
  expect(parseWorkloadKinds(JSON.stringify([own])).makers.map(({ kind }) => kind)).toEqual([
    'Service',
    'InferenceService',
  ]);
});

test.each<[entry: unknown, problem: string]>([
  ['Fleet', '[0]: expected a row such as {group, version, kind, templates}, or one of Rollout.argoproj.io, '],
  [7, '[0]: expected a mapping, got 7'],
  [{ ...FLEET, template: 'spec' }, '[0].template: expected no field of this name, but group, version, kind, plural, '],
  [{ ...FLEET, kind: 'fleet' }, '[0].kind: expected a kind such as Rollout, got "fleet"'],
  [{ ...FLEET, group: 'Example' }, '[0].group: expected a group such as argoproj.io, got "Example"'],
  [{ ...FLEET, group: undefined }, '[0].group: expected text, got nothing'],
  [{ ...FLEET, version: '1' }, '[0].version: expected a version such as v1alpha1, got "1"'],
  [{ ...FLEET, plural: 'a/b' }, '[0].plural: expected the kind'],
  [{ ...FLEET, templates: [] }, '[0].templates: expected 1 to 16 paths such as spec.template, got a list'],
  [{ ...FLEET, templates: 'spec.template' }, '[0].templates: expected a list, got "spec.template"'],
  [
    { ...FLEET, templates: ['spec[0]'] },
    '[0].templates[0]: expected names joined by dots, [*] after one that holds several',
  ],
  [{ ...FLEET, replicas: 'spec..n' }, '[0].replicas: expected names joined by dots'],
  [{ ...FLEET, finished: { path: 'status.phase' } }, '[0].finished: expected path and values together, got a mapping'],
  [{ ...FLEET, finished: {} }, '[0].finished: expected conditions, or path and values, got a mapping'],
  [{ ...FLEET, group: 'apps', kind: 'Deployment' }, '[0]: expected a kind that is not read anyway, got a mapping'],
])('%j is refused: %s', (entry, problem) => {
  expect(() => parseWorkloadKinds(JSON.stringify([entry]))).toThrow(problem);
});

test('a kind counts once, and a list has a bound', () => {
  expect(() => parseWorkloadKinds('["Rollout", "Rollout.argoproj.io"]')).toThrow(
    '[1]: expected every kind once; Rollout.argoproj.io is there already, got "Rollout.argoproj.io"',
  );
  expect(() => parseWorkloadKinds(JSON.stringify(Array(65).fill('Rollout')))).toThrow('expected at most 64 kinds');
});
