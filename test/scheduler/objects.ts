import type { AffinityTerm } from '../oracle/affinity-cases.ts';
import type { TermRequirement } from '../oracle/label-cases.ts';
import { type NodeHalf, type PodHalf, SELF } from './pair-cases.ts';

/** Keeps pairs apart: each node has a value of its own, and its pod selects it. */
const PAIR = 'example.com/pair';
const GPU = 'example.com/gpu';

/** A Node that is Ready, though no kubelet speaks for it. */
export function nodeObject(name: string, { labels = {}, taints = [], unschedulable = false, gpus }: NodeHalf): object {
  const allocatable = { cpu: '8', memory: '16Gi', pods: '110', ...(gpus !== undefined && { [GPU]: String(gpus) }) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { ...labels, [PAIR]: name } },
    spec: { taints, unschedulable },
    status: { capacity: allocatable, allocatable, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** What goes into a pod, and into a workload's template. */
export function podSpec(node: string, { nodeSelector = {}, terms, tolerations = [], os, gpus }: PodHalf): object {
  return {
    nodeSelector: { ...nodeSelector, [PAIR]: node },
    tolerations,
    ...(os && { os: { name: os } }),
    ...(terms && { affinity: { nodeAffinity: requiring(terms.map(term => on(node, term))) } }),
    containers: [{ name: 'main', image: 'web:1', ...(gpus && { resources: { limits: { [GPU]: String(gpus) } } }) }],
  };
}

function requiring(nodeSelectorTerms: readonly AffinityTerm[]): object {
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
}

function on(node: string, { matchFields, ...term }: AffinityTerm): AffinityTerm {
  const named = (requirement: TermRequirement): TermRequirement => ({
    ...requirement,
    values: requirement.values?.map(value => (value === SELF ? node : value)),
  });
  return { ...term, ...(matchFields && { matchFields: matchFields.map(named) }) };
}
