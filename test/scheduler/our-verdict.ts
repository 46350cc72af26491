import {
  collectAsks,
  type DeviceClass,
  expectResources,
  matchNode,
  NOTHING_SEEN,
  type ResourceSlice,
  type Verdict,
} from '@kube-prefetch/core';
import { aResource, aState } from '@kube-prefetch/core/testing';
import { fields, toNode } from '../../packages/cluster/src/to-state/index.ts';
import { builtInKind } from '../../packages/cluster/src/workload-kinds/built-in-kinds.ts';
import { toWorkloads } from '../../packages/cluster/src/workload-kinds/to-workloads.ts';

export interface VerdictOptions {
  readonly kind?: string;
  readonly startupTaints?: readonly string[];
  readonly deviceClasses?: readonly DeviceClass[];
  readonly resourceSlices?: readonly ResourceSlice[];
}

/** What we say of a workload with this template and a Node, both as the API server has them. */
export function ourVerdict(
  node: object,
  podSpec: object,
  { kind = 'Deployment', startupTaints = [], deviceClasses = [], resourceSlices = [] }: VerdictOptions = {},
): Verdict {
  const workload = { metadata: { name: 'web', namespace: 'shop' }, spec: { template: { spec: podSpec } } };
  const state = aState({
    resources: [aResource({ spec: { workloads: [{ kinds: [kind], selector: {} }] } })],
    workloads: toWorkloads(builtInKind(kind), fields.root(workload)),
    nodes: [toNode(fields.root(node), { readyUnlessSaid: false })],
    deviceClasses,
    resourceSlices,
  });
  const [ask] = collectAsks(state).asks;
  const [projected] = expectResources(state, NOTHING_SEEN, { graceMs: 0, isPulling: () => false }, 0).nodes;
  if (ask === undefined || projected === undefined) throw new Error('the workload asks for nothing');
  return matchNode(ask.placement, projected, startupTaints);
}
