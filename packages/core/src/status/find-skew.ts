import { type ImageRef, normaliseReference, type PrefetchStatus, tryParseReference } from '@kube-prefetch/protocol';
import { byText } from '../asks/ask.ts';
import { memoise } from '../memoise.ts';
import type { CohortShare } from './resource-cohorts.ts';
import type { DigestSet } from './fleet-view.ts';

type Skew = PrefetchStatus['skew'][number];

const MAX_SKEWS = 10;
const MAX_DIGESTS = 10;

/** Images whose tag stands for different contents on different nodes; those with the most nodes off the majority first. */
export function findSkew(shares: readonly CohortShare[]): Skew[] {
  return [...setsByImage(shares)]
    .map(([image, sets]) => ({ image, digests: rankDigests(groupContents(image, sets)) }))
    .filter(({ digests }) => digests.length > 1)
    .sort((a, b) => nodesOff(b) - nodesOff(a) || byText(a.image, b.image))
    .slice(0, MAX_SKEWS);
}

/** Only of images for which nodes name different digests. Those of one image that are the same are most often one list. */
function setsByImage(shares: readonly CohortShare[]): ReadonlyMap<ImageRef, readonly DigestSet[]> {
  const byImage = new Map<ImageRef, DigestSet[]>();
  for (const { tallies } of shares) {
    for (const [image, { digestSets }] of tallies) {
      const known = byImage.get(image);
      if (known === undefined) byImage.set(image, [...digestSets]);
      else known.push(...digestSets);
    }
  }
  for (const [image, sets] of byImage)
    if (sets.every(({ digests }) => digests === sets[0]?.digests)) byImage.delete(image);
  return byImage;
}

/**
 * One group for each contents. Digests that nodes name together stand for the same contents, unless more nodes name each without the
 * other: else one node could hide with a lie that the others differ.
 */
function groupContents(image: ImageRef, sets: readonly DigestSet[]): readonly Contents[] {
  let groups: Contents[] = [];
  for (const { digests: own, nodes } of sumSets(image, sets)) {
    const same = groups
      .filter(group => own.some(digest => group.digests.has(digest)))
      .sort((a, b) => b.nodes - a.nodes);
    const [largest, ...others] = same;
    const joined = new Set([...(largest ? [largest] : []), ...others.filter(group => group.nodes <= nodes)]);
    const apart = groups.filter(group => !joined.has(group));
    const mine = own.filter(digest => !apart.some(group => group.digests.has(digest)));
    const merged: Contents = { digests: new Map(mine.map(digest => [digest, nodes])), nodes };
    for (const group of joined) {
      merged.nodes += group.nodes;
      for (const [digest, count] of group.digests)
        merged.digests.set(digest, (merged.digests.get(digest) ?? 0) + count);
    }
    groups = [...apart, merged];
  }
  return groups;
}

/** The sets of the image's own repository, each once, those with the fewest digests first and of these the most common. */
function sumSets(image: ImageRef, sets: readonly DigestSet[]): readonly DigestSet[] {
  const sums = new Map<string, DigestSet>();
  for (const { digests, nodes } of sets) {
    const { own, key } = ownDigestsOnce(digests, image);
    if (own.length === 0) continue;
    sums.set(key, { digests: own, nodes: nodes + (sums.get(key)?.nodes ?? 0) });
  }
  return [...sums.values()].sort((a, b) => a.digests.length - b.digests.length || b.nodes - a.nodes);
}

/** Each once, in order. To parse each digest in every pass would be most of its time. */
const ownDigestsOnce = memoise((digests: readonly string[], image: ImageRef) => {
  const own = [...new Set(ownDigests(image, digests))].sort();
  return { own, key: own.join('\n') };
});

interface Contents {
  /** How many nodes name each. */
  readonly digests: Map<string, number>;
  nodes: number;
}

/**
 * A runtime lists the digests of every repository that an image came from, by their short or long name; only those of the
 * reference's own repository tell what its tag stands for. A reference with a digest cannot stand for anything else.
 */
function ownDigests(image: ImageRef, digests: readonly string[]): readonly string[] {
  const wanted = splitDigest(image);
  if (wanted === undefined || wanted.digest !== undefined) return [];
  return digests
    .map(splitDigest)
    .flatMap(found => (found?.digest !== undefined && found.repository === wanted.repository ? [found.digest] : []));
}

function splitDigest(text: string): { repository: string; digest: string | undefined } | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined) return undefined;
  return {
    repository: normaliseReference({ ...reference, tag: undefined, digest: undefined }),
    digest: reference.digest,
  };
}

/** Each contents by the digest that most nodes name. */
function rankDigests(groups: readonly Contents[]): Skew['digests'] {
  return groups
    .map(({ digests, nodes }) => {
      const [[digest]] = [...digests].sort(([a, m], [b, n]) => n - m || byText(a, b)) as [[string, number]];
      return { digest, nodes };
    })
    .sort((a, b) => b.nodes - a.nodes || byText(a.digest, b.digest))
    .slice(0, MAX_DIGESTS);
}

function nodesOff({ digests }: Skew): number {
  return digests.slice(1).reduce((sum, { nodes }) => sum + nodes, 0);
}
