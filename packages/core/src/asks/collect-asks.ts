import { type ImageRef, resourceName } from '@kube-prefetch/protocol';
import { createPlacementSharer, placementKey, type SharePlacement } from '../placement/equal-placements.ts';
import type { Placement } from '../placement/placement.ts';
import type { ClusterState, Resource, Workload } from '../state/cluster-state.ts';
import { type Ask, byPullOrder, byText } from './ask.ts';
import { compileExclude } from './exclude-images.ts';
import { findWorkloads, workloadsThatCount } from './find-workloads.ts';
import { podImages, pullsAlways } from './pod-images.ts';
import { problemsOf } from './spec-problems.ts';

/**
 * Who wants which image where: one ask per resource, image and distinct placement, in pull order. A resource with problems
 * asks for nothing. A malformed reference that is named outright still becomes an ask: it fails as InvalidReference and
 * status says so, while refusing the whole resource would let one bad image keep the good ones away.
 */
export function collectAsks(state: ClusterState): readonly Ask[] {
  const sharePlacement = createPlacementSharer();
  const workloads = workloadsThatCount(state.workloads);
  return state.resources
    .filter(resource => problemsOf(resource).length === 0)
    .toSorted((a, b) => byText(resourceName(a.ref), resourceName(b.ref)))
    .flatMap(resource =>
      asksOf(resource, [
        ...namedOutright(resource, sharePlacement),
        ...foundInWorkloads(resource, findWorkloads(resource, workloads, state.namespaces), sharePlacement),
      ]),
    )
    .sort(byPullOrder);
}

interface WantedImage {
  readonly image: ImageRef;
  readonly pullsAlways: boolean;
  readonly placement: Placement;
  readonly source: string;
}

function namedOutright({ spec }: Resource, sharePlacement: SharePlacement): readonly WantedImage[] {
  const pod = { tolerations: spec.nodes?.tolerations ?? [], extendedResources: {} };
  const placement = sharePlacement(spec.nodes, pod);
  return spec.images.map(image => ({ image, pullsAlways: false, placement, source: 'spec.images' }));
}

function foundInWorkloads(
  { spec }: Resource,
  workloads: readonly Workload[],
  sharePlacement: SharePlacement,
): readonly WantedImage[] {
  return workloads.flatMap(workload => {
    const placement = sharePlacement(spec.nodes, placedPod(workload));
    const source = `${workload.kind} ${workload.namespace}/${workload.name}`;
    return podImages(workload.pod).map(podImage => ({
      image: podImage.image,
      pullsAlways: pullsAlways(podImage),
      placement,
      source,
    }));
  });
}

function placedPod({ pod }: Workload): Placement['pod'] {
  const { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources } = pod;
  return { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources };
}

function asksOf({ ref, spec }: Resource, wants: readonly WantedImage[]): readonly Ask[] {
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
