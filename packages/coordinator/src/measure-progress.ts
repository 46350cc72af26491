import { memoise } from '@kube-prefetch/core';
import { type ImageRef, type ResourceProgress, resourceName } from '@kube-prefetch/protocol';
import type { Fleet, NodeRecord } from './fleet/index.ts';

type Counted = { -readonly [Field in keyof ResourceProgress]: number };

/** By resource name, for those that miss something: how many bytes are missing, and how fast they come. */
export function measureProgress(
  fleet: Pick<Fleet, 'records' | 'nodes' | 'tally' | 'sizeOf'>,
): ReadonlyMap<string, ResourceProgress> {
  const pulls = runningPulls(fleet.nodes());
  const sizeOf = learnSizes(fleet, pulls);
  const progress = new Map<string, Counted>();
  const of = (name: string) => {
    const counted = progress.get(name) ?? { missingBytes: 0, unsized: 0, doneBytes: 0, bytesPerSecond: 0 };
    progress.set(name, counted);
    return counted;
  };
  for (const { cohort } of fleet.records()) {
    if (cohort.held !== undefined || !cohort.ready || !cohort.applicable) continue;
    for (const [image, names] of askersByImage(cohort.asks)) {
      const missing = cohort.nodes.length - fleet.tally(cohort, image).counts.Present;
      const size = sizeOf(image);
      for (const name of missing > 0 ? names : []) {
        if (size === undefined) of(name).unsized += missing;
        else of(name).missingBytes += missing * size;
      }
    }
  }
  for (const { node, image, doneBytes = 0, elapsedMs } of pulls) {
    const names = askersByImage(node.home.cohort.asks).get(image) ?? [];
    for (const name of names) {
      of(name).doneBytes += Math.min(doneBytes, sizeOf(image) ?? 0);
      of(name).bytesPerSecond += elapsedMs > 0 ? Math.round((doneBytes * 1_000) / elapsedMs) : 0;
    }
  }
  return progress;
}

interface RunningPull {
  readonly node: NodeRecord;
  readonly image: ImageRef;
  readonly elapsedMs: number;
  readonly doneBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
}

function runningPulls(nodes: Iterable<NodeRecord>): readonly RunningPull[] {
  const pulls: RunningPull[] = [];
  for (const node of nodes) {
    if (node.silent || node.heard === undefined) continue;
    for (const { state, image, pull } of node.heard.cells.values())
      if (state === 'Pulling' && pull !== undefined) pulls.push({ node, image, ...pull });
  }
  return pulls;
}

/** What nodes that hold an image agree on, else what a runtime that pulls it read in its manifest. */
function learnSizes(
  fleet: Pick<Fleet, 'sizeOf'>,
  pulls: readonly RunningPull[],
): (image: ImageRef) => number | undefined {
  const totals = new Map(pulls.map(({ image, totalBytes }) => [image, totalBytes]));
  const sizes = new Map<ImageRef, number | undefined>();
  return image => {
    if (!sizes.has(image)) sizes.set(image, fleet.sizeOf(image) ?? totals.get(image));
    return sizes.get(image);
  };
}

/** Made once for each list of asks: the nodes of a cohort share it. */
const askersByImage = memoise(
  (asks: NodeRecord['home']['cohort']['asks']): ReadonlyMap<ImageRef, ReadonlySet<string>> => {
    const byImage = Map.groupBy(asks, ({ image }) => image);
    return new Map(
      [...byImage].map(([image, same]) => [image, new Set(same.map(({ resource }) => resourceName(resource)))]),
    );
  },
);
