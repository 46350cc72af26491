import { PASSING_TAINTS } from '@kube-prefetch/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeObject, podSpec } from './objects.ts';
import { ourVerdict } from './our-verdict.ts';
import type { NodeHalf, PodHalf } from './pair-cases.ts';
import { type Outcome, type RealScheduler, startRealScheduler } from './real-scheduler.ts';

// The scheduler answers for now. We answer for soon: a node is filled before pods may land, and keeps what it has while
// none may. Here the two differ, and each case says why.

interface Case {
  readonly name: string;
  readonly why: string;
  readonly node: NodeHalf;
  readonly pod?: PodHalf;
  /** Named by the operator. */
  readonly startupTaints?: readonly string[];
  readonly ours: 'Yes' | 'No' | 'Held';
}

const tainted = (key: string): NodeHalf => ({ taints: [{ key, value: '', effect: 'NoSchedule' }] });
const cordoned: NodeHalf = { unschedulable: true, ...tainted('node.kubernetes.io/unschedulable') };
const tolerant: PodHalf = { tolerations: [{ operator: 'Exists' }] };

/** The scheduler refuses until the node is as it should be. */
const FOR_A_WHILE: readonly Case[] = [
  ...PASSING_TAINTS.map(({ taint, held }, index): Case => {
    const why = `a node with the taint ${taint} ${held === undefined ? 'is filled all the same' : `is held: it is ${held}`}`;
    return {
      name: `passing-${index}`,
      why,
      node: tainted(taint.replaceAll('*', 'any')),
      ours: held === undefined ? 'Yes' : 'Held',
    };
  }),
  {
    name: 'startup-named',
    why: 'so is one with a startup taint that the operator named',
    node: tainted('example.com/agent-missing'),
    startupTaints: ['example.com/*'],
    ours: 'Yes',
  },
  {
    name: 'cordoned',
    why: 'a cordoned node is held: what it has stays, nothing starts',
    node: cordoned,
    ours: 'Held',
  },
  {
    name: 'cordoned-field',
    why: 'so is one that is cordoned, but not tainted yet',
    node: { unschedulable: true },
    ours: 'Held',
  },
];

const FOR_GOOD: readonly (Case & { readonly scheduler: Outcome })[] = [
  {
    name: 'cordoned-tolerated',
    why: 'a cordoned node is held even for pods that tolerate it: it is about to be drained',
    node: cordoned,
    pod: tolerant,
    scheduler: 'bound',
    ours: 'Held',
  },
  {
    name: 'disk-pressure-tolerated',
    why: 'so is one under disk pressure: a pull would make it worse',
    node: tainted('node.kubernetes.io/disk-pressure'),
    pod: tolerant,
    scheduler: 'bound',
    ours: 'Held',
  },
  {
    name: 'another-system',
    why: 'the scheduler leaves it to the kubelet to refuse a pod of another operating system',
    node: { labels: { 'kubernetes.io/os': 'linux' } },
    pod: { os: 'windows' },
    scheduler: 'bound',
    ours: 'No',
  },
];

const trialOf = ({ name, node, pod = {} }: Case) => ({
  name,
  node: nodeObject(name, node),
  podSpec: podSpec(name, pod),
});
const verdictOf = (one: Case) => {
  const { node, podSpec: spec } = trialOf(one);
  return ourVerdict(node, spec, one).verdict;
};

describe('on purpose', () => {
  let scheduler: RealScheduler;
  let outcomes: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    scheduler = await startRealScheduler();
    outcomes = await scheduler.place([...FOR_A_WHILE, ...FOR_GOOD].map(trialOf));
  });
  afterAll(() => scheduler?.close());

  test.each(FOR_A_WHILE)('$why; the scheduler refuses until that is over', async one => {
    expect(outcomes.get(one.name)).toBe('refused');
    expect(verdictOf(one)).toBe(one.ours);

    const well = { ...one, node: {} };
    await scheduler.changeNode(one.name, trialOf(well).node);
    await scheduler.untilBound(one.name);
    expect(verdictOf(well)).toBe('Yes');
  });

  test.each(FOR_GOOD)('$why; the scheduler does not', one => {
    expect(outcomes.get(one.name)).toBe(one.scheduler);
    expect(verdictOf(one)).toBe(one.ours);
  });

  test('a taint that the operator did not name keeps images off, as it keeps pods off', () => {
    const unnamed = FOR_A_WHILE.find(({ name }) => name === 'startup-named') as Case;
    expect(verdictOf({ ...unnamed, startupTaints: [] })).toBe('No');
  });
});
