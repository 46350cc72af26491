import { matchNode, type Taint, tolerates } from '@kube-prefetch/core';
import { aNode } from '@kube-prefetch/core/testing';
import type { Toleration } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';
import { compare } from './compare.ts';
import { type TolerationsCase, tolerationsCases } from './tolerations-cases.ts';

interface Answer {
  /** Per toleration, per taint. */
  readonly tolerates: readonly (readonly boolean[])[];
  readonly untolerated?: Taint;
  /** With the feature gate TaintTolerationComparisonOperators on. */
  readonly compared: readonly (readonly boolean[])[];
}

test('taints are tolerated as ToleratesTaint does, and keep pods off as FindMatchingUntoleratedTaint does', async () => {
  const found = await compare<TolerationsCase, Answer>({
    about: 'tolerations',
    cases: tolerationsCases,
    ours: one => ({
      tolerates: one.tolerations.map(toleration => one.taints.map(taint => tolerates(toleration, taint))),
      keptOff: isKeptOff(one),
    }),
    theirs: answer => ({ tolerates: answer.tolerates, keptOff: answer.untolerated !== undefined }),
    branches,
    least: {
      'no taint keeps pods off': 240,
      'no taint keeps pods off, some toleration needed': 50,
      'an untolerated taint': 250,
      'Equal tolerates': 30,
      'Equal does not': 60,
      'no operator tolerates': 60,
      'no operator does not': 120,
      'Exists tolerates': 50,
      'Exists does not': 50,
      'Gt does not': 70,
      'Gt would with the feature gate': 2,
      'Lt does not': 70,
      'Lt would with the feature gate': 2,
      'an unknown operator does not': 30,
      'no key tolerates': 70,
      'no effect tolerates': 30,
      'an unknown effect tolerates': 7,
      'a taint with an unknown effect': 70,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

test('on purpose: Gt and Lt tolerate nothing, as in every cluster that left the feature gate off', async () => {
  const one: TolerationsCase = {
    tolerations: [{ key: 'cores', operator: 'Gt', value: '4', effect: 'NoSchedule' }],
    taints: [{ key: 'cores', value: '8', effect: 'NoSchedule' }],
  };
  const [answer] = await callOriginal<Answer>('tolerations', [one]);
  expect(answer).toMatchObject({ tolerates: [[false]], compared: [[true]] });
  expect(isKeptOff(one)).toBe(true);
});

test.each([
  ['a node that starts up is filled before pods may land', 'node.kubernetes.io/network-unavailable', 'Yes'],
  ['a node that is not ready keeps its plan', 'node.kubernetes.io/not-ready', 'Yes'],
  ['a node that cannot be reached keeps its plan', 'node.kubernetes.io/unreachable', 'Yes'],
  ['a cordoned node keeps its plan and is held', 'node.kubernetes.io/unschedulable', 'Held'],
  ['a node under disk pressure keeps its plan and is held', 'node.kubernetes.io/disk-pressure', 'Held'],
  ['a node under memory pressure keeps its plan and is held', 'node.kubernetes.io/memory-pressure', 'Held'],
  ['a node under PID pressure keeps its plan and is held', 'node.kubernetes.io/pid-pressure', 'Held'],
])('on purpose: %s, so %s does not keep images off', async (_why, taintKey, verdict) => {
  const one: TolerationsCase = { tolerations: [], taints: [{ key: taintKey, value: '', effect: 'NoSchedule' }] };
  const [answer] = await callOriginal<Answer>('tolerations', [one]);
  expect(answer?.untolerated).toMatchObject({ key: taintKey });
  expect(verdictOf(one)).toBe(verdict);
});

function isKeptOff(one: TolerationsCase): boolean {
  return verdictOf(one) === 'No';
}

function verdictOf({ tolerations, taints }: TolerationsCase) {
  const pod = { tolerations, extendedResources: {} };
  return matchNode({ choice: undefined, pod }, aNode({ taints })).verdict;
}

function branches(
  { tolerations, taints }: TolerationsCase,
  { tolerates: rows, untolerated, compared }: Answer,
): string[] {
  const hard = taints.some(taint => taint.effect === 'NoSchedule' || taint.effect === 'NoExecute');
  const taken = new Set([untolerated === undefined ? 'no taint keeps pods off' : 'an untolerated taint']);
  if (untolerated === undefined && hard) taken.add('no taint keeps pods off, some toleration needed');
  if (taints.some(taint => !EFFECTS.has(taint.effect))) taken.add('a taint with an unknown effect');
  for (const [row, toleration] of tolerations.entries())
    for (const column of taints.keys())
      for (const branch of ofPair(toleration, rows[row]?.[column] === true, compared[row]?.[column] === true))
        taken.add(branch);
  return [...taken];
}

const EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);
const OPERATORS = new Set(['Equal', 'Exists', 'Gt', 'Lt']);

function ofPair(
  { key: named = '', operator: op = '', effect: on = '' }: Toleration,
  does: boolean,
  would: boolean,
): string[] {
  const shown = op === '' ? 'no operator' : OPERATORS.has(op) ? op : 'an unknown operator';
  if (!does) return [`${shown} does not`, ...(would ? [`${shown} would with the feature gate`] : [])];
  return [
    `${shown} tolerates`,
    ...(named === '' ? ['no key tolerates'] : []),
    ...(on === '' ? ['no effect tolerates'] : []),
    ...(on !== '' && !EFFECTS.has(on) ? ['an unknown effect tolerates'] : []),
  ];
}
