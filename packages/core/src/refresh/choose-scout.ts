import type { ImageRef } from '@kube-prefetch/protocol';
import { byText } from '../asks/ask.ts';
import { fractionOf } from './when-to-look.ts';

/** A node whose plan has the tag looked up, and whose agent reports. */
export interface ScoutCandidate {
  readonly node: string;
  readonly zone: string;
  /** By name, without its version. */
  readonly runtime: string;
  /** Its asks bring credentials for the image. */
  readonly brings: boolean;
  /** It failed to look something up lately, for its own sake. */
  readonly unfit: boolean;
}

/**
 * Who looks the tag up: of those that were not tried the first by these rules.
 *
 * | first                                   | because                                            |
 * | --------------------------------------- | -------------------------------------------------- |
 * | whose asks bring credentials            | others may not read the image                      |
 * | who did not fail lately by itself       |                                                    |
 * | who looked last                         | registries may answer differently in each place    |
 * | of a zone that none tried is of         | its network may be broken                          |
 * | of a runtime that none tried has        | its settings may be wrong                          |
 * | by chance, the same one each time       | no node does all                                   |
 */
export function chooseScout(
  image: ImageRef,
  candidates: readonly ScoutCandidate[],
  tried: readonly string[],
  last: string | undefined,
): string | undefined {
  const before = candidates.filter(({ node }) => tried.includes(node));
  const rank = (candidate: ScoutCandidate) =>
    [
      candidate.brings,
      !candidate.unfit,
      candidate.node === last,
      !before.some(({ zone }) => zone === candidate.zone),
      !before.some(({ runtime }) => runtime === candidate.runtime),
    ].reduce((sum, better) => sum * 2 + Number(better), 0);
  let best: { node: string; rank: number; chance: number } | undefined;
  for (const candidate of candidates) {
    if (tried.includes(candidate.node)) continue;
    const found = { node: candidate.node, rank: rank(candidate), chance: fractionOf(`${image} ${candidate.node}`) };
    if (best === undefined || goesBefore(found, best)) best = found;
  }
  return best?.node;
}

function goesBefore(
  a: { node: string; rank: number; chance: number },
  b: { node: string; rank: number; chance: number },
): boolean {
  return (b.rank - a.rank || a.chance - b.chance || byText(a.node, b.node)) < 0;
}
