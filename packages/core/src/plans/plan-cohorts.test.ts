import { createHash } from 'node:crypto';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { messageParser, Plan } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { groupNodes } from './group-nodes.ts';
import { planBytes, planCohorts } from './plan-cohorts.ts';

function plansOf(state: ClusterState): readonly Plan[] {
  const asks = collectAsks(state).asks;
  return [...planCohorts(groupNodes(asks, state.nodes), state.gaps).values()];
}

const RESOURCES = [aResource({ spec: { images: ['web:2', 'web:1'] } })];

test('a plan names the images in pull order, the runtime, and nothing else', () => {
  const nodes = [aNode({ runtimeVersion: 'containerd://1.6.20' })];
  const [plan] = plansOf(aState({ resources: RESOURCES, nodes }));
  expect(messageParser(Plan, 'plan')(plan)).toEqual({
    revision: expect.stringMatching(/^[0-9a-f]{64}$/),
    complete: true,
    runtimeVersion: 'containerd://1.6.20',
    items: [
      { image: 'web:1', priority: 0, start: true },
      { image: 'web:2', priority: 0, start: true },
    ],
  });
});

test('gaps make every plan incomplete', () => {
  const plans = plansOf(
    aState({ resources: RESOURCES, nodes: [aNode(), aNode({ name: 'b', ready: false })], gaps: ['jobs: forbidden'] }),
  );
  expect(plans.map(({ complete }) => complete)).toEqual([false, false]);
});

test('a held node keeps its plan and learns why nothing may start', () => {
  const [plan] = plansOf(
    aState({ resources: RESOURCES, nodes: [aNode({ unschedulable: true, pressures: ['DiskPressure'] })] }),
  );
  expect(plan?.held).toBe('cordoned, under disk pressure');
  expect(plan?.items).toHaveLength(2);
});

test('the revision is the hash of the bytes, which the order of keys and the revision do not enter', () => {
  const [plan] = plansOf(aState({ resources: RESOURCES, nodes: [aNode({ unschedulable: true })] }));
  if (plan === undefined) throw new Error('expected one plan');
  const { revision, ...body } = plan;
  expect(createHash('sha256').update(planBytes(body)).digest('hex')).toBe(revision);
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as Plan;
  expect(planBytes(turned)).toBe(planBytes(body));
  expect(JSON.parse(planBytes(body))).toEqual(body);
});
