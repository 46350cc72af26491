import { type ImageRef, normaliseReference, type PrefetchStatus, tryParseReference } from '@kube-prefetch/protocol';
import { byText } from '../asks/ask.ts';
import type { CohortShare } from './resource-cohorts.ts';

type Skew = PrefetchStatus['skew'][number];

const MAX_SKEWS = 10;
const MAX_DIGESTS = 10;

/** Images whose tag stands for different contents on different nodes; those with the most nodes off the majority first. */
export function findSkew(shares: readonly CohortShare[]): Skew[] {
  return [...sumDigests(shares)]
    .filter(([, digests]) => digests.size > 1)
    .map(([image, digests]) => ({ image, digests: rankDigests(ownDigests(image, digests)) }))
    .filter(({ digests }) => digests.length > 1)
    .sort((a, b) => nodesOff(b) - nodesOff(a) || byText(a.image, b.image))
    .slice(0, MAX_SKEWS);
}

function sumDigests(shares: readonly CohortShare[]): ReadonlyMap<ImageRef, ReadonlyMap<string, number>> {
  const byImage = new Map<ImageRef, Map<string, number>>();
  for (const [image, { digests }] of shares.flatMap(({ tallies }) => [...tallies])) {
    const sum = byImage.get(image) ?? new Map<string, number>();
    for (const [digest, nodes] of digests) sum.set(digest, (sum.get(digest) ?? 0) + nodes);
    byImage.set(image, sum);
  }
  return byImage;
}

/**
 * A runtime lists the digests of every repository that an image came from, by their short or long name; only those of the
 * reference's own repository tell what its tag stands for. A reference with a digest cannot stand for anything else.
 */
function ownDigests(image: ImageRef, digests: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const own = new Map<string, number>();
  const wanted = splitDigest(image);
  if (wanted === undefined || wanted.digest !== undefined) return own;
  for (const [reference, nodes] of digests) {
    const found = splitDigest(reference);
    if (found?.digest === undefined || found.repository !== wanted.repository) continue;
    own.set(found.digest, (own.get(found.digest) ?? 0) + nodes);
  }
  return own;
}

function splitDigest(text: string): { repository: string; digest: string | undefined } | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined) return undefined;
  return {
    repository: normaliseReference({ ...reference, tag: undefined, digest: undefined }),
    digest: reference.digest,
  };
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
