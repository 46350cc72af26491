import { aNode, aPod } from '@kube-prefetch/core/testing';
import type { NodeChoice } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import type { Placement } from './placement.ts';
import type { Node } from '../state/cluster-state.ts';
import { compilePlacement, matchNode } from './match-node.ts';

interface Case {
  readonly what: string;
  readonly pod?: Partial<Placement['pod']>;
  readonly choice?: Partial<NodeChoice>;
  readonly node?: Partial<Node>;
  readonly startupTaints?: readonly string[];
  readonly verdict: 'Yes' | 'No' | 'Held';
  readonly sentence: string;
}

const taint = (key: string, effect = 'NoSchedule', value = '') => ({ taints: [{ key, value, effect }] });
const GPU_TAINT = taint('dedicated', 'NoSchedule', 'gpu');
const affinity = (key: string, operator: string, ...values: string[]) => ({
  nodeAffinity: { terms: [{ matchExpressions: [{ key, operator, values }], matchFields: [] }] },
});
const FREE = 'nothing keeps it from this node';
const HELD = 'what it has stays, nothing starts';

const CASES: readonly Case[] = [
  { what: 'nothing is asked', verdict: 'Yes', sentence: FREE },
  {
    what: 'a name matches',
    choice: { names: ['absent', '*worker*'] },
    node: { name: 'a-worker-1' },
    verdict: 'Yes',
    sentence: 'nodes.names wants absent or *worker*; the node is a-worker-1',
  },
  {
    what: 'no name matches',
    choice: { names: ['worker*'] },
    node: { name: 'a-worker-1' },
    verdict: 'No',
    sentence: 'nodes.names wants worker*; the node is a-worker-1',
  },
  { what: 'an empty list of names restricts nothing', choice: { names: [] }, verdict: 'Yes', sentence: FREE },
  { what: 'an empty selector restricts nothing', choice: { selector: {} }, verdict: 'Yes', sentence: FREE },
  {
    what: 'the choice selects',
    choice: { selector: { matchLabels: { pool: 'gpu' } } },
    node: { labels: { pool: 'gpu', zone: 'a' } },
    verdict: 'Yes',
    sentence: 'nodes.selector wants pool=gpu; the node has pool=gpu',
  },
  {
    what: 'the choice does not select',
    choice: { selector: { matchLabels: { pool: 'gpu' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] } },
    node: { labels: { pool: 'web' } },
    verdict: 'No',
    sentence: 'nodes.selector wants pool=gpu, zone Exists; the node has pool=web, no zone',
  },
  {
    what: 'nodeName is this node',
    pod: { nodeName: 'node-1' },
    verdict: 'Yes',
    sentence: 'nodeName wants node-1; the node is node-1',
  },
  {
    what: 'nodeName is another node',
    pod: { nodeName: 'node-2' },
    verdict: 'No',
    sentence: 'nodeName wants node-2; the node is node-1',
  },
  {
    what: 'nodeName passes the scheduler by, and with it NoSchedule',
    pod: { nodeName: 'node-1' },
    node: GPU_TAINT,
    verdict: 'Yes',
    sentence: 'nodeName wants node-1; the node is node-1',
  },
  {
    what: 'nodeName does not pass NoExecute by',
    pod: { nodeName: 'node-1' },
    node: taint('dedicated', 'NoExecute', 'gpu'),
    verdict: 'No',
    sentence: 'the node has the taint dedicated=gpu:NoExecute; no toleration matches it',
  },
  {
    what: 'nodeSelector matches',
    pod: { nodeSelector: { pool: 'gpu' } },
    node: { labels: { pool: 'gpu' } },
    verdict: 'Yes',
    sentence: 'nodeSelector wants pool=gpu; the node has pool=gpu',
  },
  {
    what: 'nodeSelector wants an absent label',
    pod: { nodeSelector: { pool: 'gpu' } },
    verdict: 'No',
    sentence: 'nodeSelector wants pool=gpu; the node has no pool',
  },
  { what: 'an empty nodeSelector restricts nothing', pod: { nodeSelector: {} }, verdict: 'Yes', sentence: FREE },
  {
    what: 'required node affinity matches',
    pod: affinity('cores', 'Gt', '8'),
    node: { labels: { cores: '16' } },
    verdict: 'Yes',
    sentence: 'required node affinity wants cores Gt (8); the node has cores=16',
  },
  {
    what: 'required node affinity does not match',
    pod: affinity('zone', 'In', 'a', 'b'),
    node: { labels: { zone: 'c' } },
    verdict: 'No',
    sentence: 'required node affinity wants zone In (a, b); the node has zone=c',
  },
  {
    what: 'required node affinity by field',
    pod: {
      nodeAffinity: {
        terms: [{ matchExpressions: [], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }] }],
      },
    },
    verdict: 'No',
    sentence: 'required node affinity wants metadata.name In (node-2); the node is node-1',
  },
  {
    what: 'an untolerated taint',
    node: GPU_TAINT,
    verdict: 'No',
    sentence: 'the node has the taint dedicated=gpu:NoSchedule; no toleration matches it',
  },
  {
    what: 'an untolerated taint without a value',
    node: taint('dedicated', 'NoExecute'),
    verdict: 'No',
    sentence: 'the node has the taint dedicated:NoExecute; no toleration matches it',
  },
  {
    what: 'a tolerated taint',
    pod: { tolerations: [{ key: 'dedicated', value: 'gpu' }] },
    node: GPU_TAINT,
    verdict: 'Yes',
    sentence: "tolerations match the node's dedicated=gpu:NoSchedule",
  },
  {
    what: 'one of two taints tolerated',
    pod: { tolerations: [{ key: 'dedicated', operator: 'Exists' }] },
    node: { taints: [...GPU_TAINT.taints, { key: 'spot', value: '', effect: 'NoSchedule' }] },
    verdict: 'No',
    sentence: 'the node has the taint spot:NoSchedule; no toleration matches it',
  },
  {
    what: 'a taint that is only a preference',
    node: taint('spot', 'PreferNoSchedule'),
    verdict: 'Yes',
    sentence: FREE,
  },
  {
    what: 'a startup taint from the list of whoever runs it',
    node: taint('vendor.example/booting', 'NoExecute'),
    startupTaints: ['vendor.example/*'],
    verdict: 'Yes',
    sentence: FREE,
  },
  {
    what: 'a taint that only begins like a startup taint',
    node: taint('node.kubernetes.io/not-ready-yet'),
    verdict: 'No',
    sentence: 'the node has the taint node.kubernetes.io/not-ready-yet:NoSchedule; no toleration matches it',
  },
  {
    what: 'the operating system is another',
    pod: { os: 'windows' },
    node: { labels: { 'kubernetes.io/os': 'linux' } },
    verdict: 'No',
    sentence: "the pod's operating system is windows; the node's is linux",
  },
  {
    what: 'a node that does not say its operating system is taken for Linux',
    pod: { os: 'linux' },
    verdict: 'Yes',
    sentence: "the pod's operating system is linux; the node's is linux",
  },
  {
    what: 'an extended resource is there',
    pod: { extendedResources: { 'nvidia.com/gpu': 2 } },
    node: { extendedResources: { 'nvidia.com/gpu': 2 } },
    verdict: 'Yes',
    sentence: 'the pod requests 2 nvidia.com/gpu; the node has 2',
  },
  {
    what: 'there is less of an extended resource than one pod needs',
    pod: { extendedResources: { 'nvidia.com/gpu': 2 } },
    node: { extendedResources: { 'nvidia.com/gpu': 1 } },
    verdict: 'No',
    sentence: 'the pod requests 2 nvidia.com/gpu; the node has 1',
  },
  {
    what: 'an extended resource is missing',
    pod: { extendedResources: { 'nvidia.com/gpu': 1, 'example.com/fpga': 1 } },
    node: { extendedResources: { 'nvidia.com/gpu': 1 } },
    verdict: 'No',
    sentence: 'the pod requests 1 example.com/fpga; the node has none',
  },
  {
    what: 'placement All asks nothing of the pod',
    choice: { placement: 'All' },
    pod: {
      nodeSelector: { pool: 'gpu' },
      nodeName: 'node-2',
      os: 'windows',
      extendedResources: { 'nvidia.com/gpu': 1 },
    },
    node: GPU_TAINT,
    verdict: 'Yes',
    sentence: 'nodes.placement is All',
  },
  {
    what: 'placement All still keeps to the choice',
    choice: { placement: 'All', names: ['worker*'] },
    verdict: 'No',
    sentence: 'nodes.names wants worker*; the node is node-1',
  },
  {
    what: 'cordoned',
    node: { unschedulable: true, ...taint('node.kubernetes.io/unschedulable') },
    verdict: 'Held',
    sentence: `the node is cordoned: ${HELD}; ${FREE}`,
  },
  {
    what: 'cordoned, by the taint alone',
    node: taint('node.kubernetes.io/unschedulable'),
    verdict: 'Held',
    sentence: `the node is cordoned: ${HELD}; ${FREE}`,
  },
  {
    what: 'disk pressure',
    node: { pressures: ['DiskPressure'], ...taint('node.kubernetes.io/disk-pressure') },
    verdict: 'Held',
    sentence: `the node is under disk pressure: ${HELD}; ${FREE}`,
  },
  {
    what: 'being deleted',
    node: { deleting: true },
    verdict: 'Held',
    sentence: `the node is being deleted: ${HELD}; ${FREE}`,
  },
  {
    what: 'several reasons to hold, and placement All',
    choice: { placement: 'All' },
    node: { deleting: true, unschedulable: true, pressures: ['DiskPressure'] },
    verdict: 'Held',
    sentence: `the node is being deleted, cordoned, under disk pressure: ${HELD}; nodes.placement is All`,
  },
  {
    what: 'a cordoned node that would not be wanted anyway',
    pod: { nodeSelector: { pool: 'gpu' } },
    node: { unschedulable: true },
    verdict: 'No',
    sentence: 'nodeSelector wants pool=gpu; the node has no pool',
  },
  {
    what: 'every rule that holds is told',
    pod: { nodeSelector: { pool: 'gpu' }, tolerations: [{ operator: 'Exists' }] },
    node: { labels: { pool: 'gpu' }, ...GPU_TAINT },
    verdict: 'Yes',
    sentence:
      "nodeSelector wants pool=gpu; the node has pool=gpu; tolerations match the node's dedicated=gpu:NoSchedule",
  },
];

test.each(CASES)('$what: $verdict', ({ pod, choice, node, startupTaints = [], verdict, sentence }) => {
  const placement: Placement = {
    choice: choice && { placement: 'Eligible', ...choice },
    pod: { ...aPod(), ...pod },
  };
  expect(matchNode(placement, aNode(node), startupTaints)).toEqual({ verdict, sentence });
  expect(compilePlacement(placement, startupTaints)(aNode(node))).toBe(verdict !== 'No');
});
