import {
  type ImageRef,
  InvalidReference,
  normaliseReference,
  parseReference,
  type PrefetchStatus,
} from '@kube-prefetch/protocol';
import { byText } from '../asks/pull-order.ts';
import type { CohortShare } from './share-cohorts.ts';

type Skew = PrefetchStatus['skew'][number];

const MAX_SKEWS = 10;
const MAX_DIGESTS = 10;

/** Images whose tag stands for different contents on different nodes; those with the most nodes off the majority first. */
export function findSkew(shares: readonly CohortShare[]): Skew[] {
  return [...countDigests(shares)]
    .filter(([, digests]) => digests.size > 1)
    .map(([image, digests]) => ({ image, digests: rankDigests(digests) }))
    .sort((a, b) => nodesOff(b) - nodesOff(a) || byText(a.image, b.image))
    .slice(0, MAX_SKEWS);
}

function countDigests(shares: readonly CohortShare[]): ReadonlyMap<ImageRef, ReadonlyMap<string, number>> {
  const byImage = new Map<ImageRef, Map<string, number>>();
  for (const { tallies } of shares) {
    for (const [image, tally] of tallies) {
      const sum = byImage.get(image) ?? new Map<string, number>();
      byImage.set(image, sum);
      for (const [digest, nodes] of digestsUnderTag(image, tally.digests))
        sum.set(digest, (sum.get(digest) ?? 0) + nodes);
    }
  }
  return byImage;
}

/**
 * A runtime lists the digests of every repository that an image came from; only those of the reference's own repository
 * tell what its tag stands for.
 */
function digestsUnderTag(image: ImageRef, digests: ReadonlyMap<string, number>): readonly [string, number][] {
  if (digests.size === 0) return [];
  const own = repositoryOf(image);
  return [...digests].flatMap(([reference, nodes]) => {
    const found = repositoryOf(reference);
    return found !== undefined &&
      found.repository === own?.repository &&
      own.digest === undefined &&
      found.digest !== undefined
      ? [[found.digest, nodes] as [string, number]]
      : [];
  });
}

function repositoryOf(reference: string): { repository: string; digest: string | undefined } | undefined {
  try {
    const { tag, digest } = parseReference(reference);
    const normalised = normaliseReference(reference);
    const [named = ''] = normalised.split('@');
    const suffix = digest !== undefined && tag === undefined ? '' : `:${tag ?? 'latest'}`;
    return { repository: named.slice(0, named.length - suffix.length), digest };
  } catch (error) {
    if (error instanceof InvalidReference) return undefined;
    throw error;
  }
}

function rankDigests(digests: ReadonlyMap<string, number>): Skew['digests'] {
  return [...digests]
    .map(([digest, nodes]) => ({ digest, nodes }))
    .sort((a, b) => b.nodes - a.nodes || byText(a.digest, b.digest))
    .slice(0, MAX_DIGESTS);
}

function nodesOff({ digests }: Skew): number {
  return digests.slice(1).reduce((sum, { nodes }) => sum + nodes, 0);
}
