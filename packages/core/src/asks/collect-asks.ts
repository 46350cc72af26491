import { type ImageRef, resourceName } from '@kube-prefetch/protocol';
import type { Ask, Placement } from '../ask.ts';
import type { ClusterState, Resource, Workload } from '../cluster-state.ts';
import { compileExclude } from './exclude-images.ts';
import { findWorkloads } from './find-workloads.ts';
import { createInternPlacement, type InternPlacement, placementKey } from './intern-placements.ts';
import { podImages, pullsAlways } from './pod-images.ts';
import { byPullOrder, byText } from './pull-order.ts';
import { problemsOf } from './spec-problems.ts';

/**
 * Who wants which image where: one ask per resource, image and distinct placement, in pull order. A resource with problems
 * asks for nothing. A malformed reference that is named outright still becomes an ask: it fails as InvalidReference and
 * status says so, while refusing the whole resource would let one bad image keep the good ones away.
 */
export function collectAsks(state: ClusterState): readonly Ask[] {
  const intern = createInternPlacement();
  return state.resources
    .filter(resource => problemsOf(resource).length === 0)
    .toSorted((a, b) => byText(resourceName(a.ref), resourceName(b.ref)))
    .flatMap(resource =>
      asksOf(resource, [...namedOutright(resource, intern), ...foundInWorkloads(resource, state, intern)]),
    )
    .sort(byPullOrder);
}

interface Want {
  readonly image: ImageRef;
  readonly pullsAlways: boolean;
  readonly placement: Placement;
  readonly source: string;
}

function namedOutright({ spec }: Resource, intern: InternPlacement): readonly Want[] {
  const pod = { tolerations: spec.nodes?.tolerations ?? [], extendedResources: {}, daemonSet: false };
  const placement = intern(spec.nodes, pod);
  return spec.images.map(image => ({ image, pullsAlways: false, placement, source: 'spec.images' }));
}

function foundInWorkloads(resource: Resource, state: ClusterState, intern: InternPlacement): readonly Want[] {
  return findWorkloads(resource, state).flatMap(workload => {
    const placement = intern(resource.spec.nodes, placedPod(workload));
    const source = `${workload.kind} ${workload.namespace}/${workload.name}`;
    return podImages(workload.pod).map(podImage => ({
      image: podImage.image,
      pullsAlways: pullsAlways(podImage),
      placement,
      source,
    }));
  });
}

function placedPod({ kind, pod }: Workload): Placement['pod'] {
  const { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources } = pod;
  return { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources, daemonSet: kind === 'DaemonSet' };
}

function asksOf({ ref, spec }: Resource, wants: readonly Want[]): readonly Ask[] {
  const excluded = compileExclude(spec.exclude);
  const byPlacement = Map.groupBy(
    wants.filter(({ image }) => !excluded(image)),
    ({ placement }) => placement,
  );
  return [...byPlacement]
    .map(([placement, placed]) => ({ placement, placed, key: placementKey(placement) }))
    .sort((a, b) => byText(a.key, b.key))
    .flatMap(({ placement, placed }) =>
      [...Map.groupBy(placed, ({ image }) => image)].map(([image, same]) => ({
        resource: ref,
        image,
        priority: spec.priority,
        start: !spec.suspend,
        pullsAlways: same.some(want => want.pullsAlways),
        placement,
        sources: [...new Set(same.map(({ source }) => source))].sort(byText),
      })),
    );
}
