import { memoise } from '@kube-prefetch/core';
import { type CellReport, type ImageRef, type ResourceProgress, resourceName } from '@kube-prefetch/protocol';
import type { Fleet, NodeRecord } from './fleet/index.ts';

type Counted = { -readonly [Field in keyof ResourceProgress]: number };
type Counts = Pick<Fleet, 'records' | 'node' | 'tally' | 'sizeOf'>;

/** By resource name, for those of `wanted` that miss something: how many bytes are missing, and how fast they come. */
export function measureProgress(fleet: Counts, wanted: ReadonlySet<string>): ReadonlyMap<string, ResourceProgress> {
  const lacks = findLacks(fleet, wanted);
  const sizeOf = learnSizes(fleet, lacks);
  const progress = new Map<string, Counted>();
  for (const { image, names, missing, pulls } of lacks) {
    const size = sizeOf(image);
    for (const name of names) {
      const counted = progress.get(name) ?? { missingBytes: 0, unsized: 0, doneBytes: 0, bytesPerSecond: 0 };
      progress.set(name, counted);
      if (size === undefined) counted.unsized += missing;
      else counted.missingBytes += missing * size;
      for (const { doneBytes = 0, elapsedMs } of pulls) {
        counted.doneBytes += Math.min(doneBytes, size ?? 0);
        counted.bytesPerSecond += elapsedMs > 0 ? Math.round((doneBytes * 1_000) / elapsedMs) : 0;
      }
    }
  }
  return progress;
}

/** An image that some nodes of a cohort do not have, and that resources want there. */
interface Lack {
  readonly image: ImageRef;
  readonly names: readonly string[];
  readonly missing: number;
  /** Those that run. */
  readonly pulls: readonly NonNullable<CellReport['pull']>[];
}

/** Where nothing that is wanted is being pulled no node is looked at: whoever waits looks often. */
function findLacks(fleet: Counts, wanted: ReadonlySet<string>): readonly Lack[] {
  const lacks: Lack[] = [];
  for (const { cohort } of fleet.records()) {
    if (cohort.held !== undefined || !cohort.ready || !cohort.applicable) continue;
    for (const [image, askedBy] of askersByImage(cohort.asks)) {
      const names = [...askedBy].filter(name => wanted.has(name));
      if (names.length === 0) continue;
      const { Present, Pulling } = fleet.tally(cohort, image).counts;
      const missing = cohort.nodes.length - Present;
      if (missing === 0) continue;
      const pulls = Pulling === 0 ? [] : cohort.nodes.flatMap(node => runningPull(fleet.node(node), image) ?? []);
      lacks.push({ image, names, missing, pulls });
    }
  }
  return lacks;
}

function runningPull(node: NodeRecord | undefined, image: ImageRef): CellReport['pull'] {
  const cell = node?.silent ? undefined : node?.heard?.cells.get(image);
  return cell?.state === 'Pulling' ? cell.pull : undefined;
}

/** What nodes that hold an image agree on, else what a runtime that pulls it read in its manifest. */
function learnSizes(fleet: Pick<Fleet, 'sizeOf'>, lacks: readonly Lack[]): (image: ImageRef) => number | undefined {
  const totals = new Map(
    lacks.flatMap(({ image, pulls }) =>
      pulls.flatMap(({ totalBytes }) => (totalBytes === undefined ? [] : [[image, totalBytes] as const])),
    ),
  );
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
