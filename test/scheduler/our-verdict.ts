import { collectAsks, matchNode, type Verdict } from '@kube-prefetch/core';
import { aResource, aState } from '@kube-prefetch/core/testing';
import { fields, toNode, toWorkload } from '../../packages/cluster/src/to-state/index.ts';

/** What we say of a Deployment with this template and a Node, both as the API server has them. */
export function ourVerdict(node: object, podSpec: object, startupTaints: readonly string[] = []): Verdict {
  const deployment = { metadata: { name: 'web', namespace: 'shop' }, spec: { template: { spec: podSpec } } };
  const state = aState({
    resources: [aResource({ spec: { workloads: [{ kinds: ['Deployment'], selector: {} }] } })],
    workloads: [toWorkload('Deployment', fields.root(deployment))],
    nodes: [toNode(fields.root(node), { readyUnlessSaid: false })],
  });
  const [ask] = collectAsks(state);
  const [projected] = state.nodes;
  if (ask === undefined || projected === undefined) throw new Error('the Deployment asks for nothing');
  return matchNode(ask.placement, projected, startupTaints);
}
