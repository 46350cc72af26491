import { type CellReport, type ImageRef, registryOf, type WaitReason } from '@kube-prefetch/protocol';

/** A node whose images wait. */
export interface WaitingNode {
  readonly name: string;
  /** In pull order. */
  readonly images: readonly ImageRef[];
  readonly cellOf: (image: ImageRef) => CellReport | undefined;
}

export interface WaitParts {
  /** Why the node has no permit for the image, as a sentence. */
  readonly permitOf: (node: string, image: ImageRef) => string;
  /** Pulls that an agent runs at once; undefined: any number. */
  readonly parallelPulls: number | undefined;
}

/**
 * What an image waits for on the node, whose limit that is, and how many come first, as a sentence. Undefined where it does not
 * wait, or where the verdicts of those who ask for it say it: Held and Suspended.
 */
export function explainWaits(node: WaitingNode, parts: WaitParts): (image: ImageRef) => string | undefined {
  const turns = new Map<WaitReason, ReadonlyMap<ImageRef, number>>();
  const turnOf = (image: ImageRef, reason: WaitReason) => {
    let known = turns.get(reason);
    if (known === undefined) {
      const waiting = node.images.filter(other => node.cellOf(other)?.waitingFor === reason);
      turns.set(reason, (known = new Map(waiting.map((other, before) => [other, before]))));
    }
    return sayTurn(known.get(image) ?? 0);
  };
  return image => {
    const { waitingFor, waitingBecause = 'they cannot be had now' } = node.cellOf(image) ?? {};
    switch (waitingFor) {
      case 'Permit':
        return `waits for a permit: ${parts.permitOf(node.name, image)}`;
      case 'Slot':
        return `waits for a slot: ${runs(parts.parallelPulls)}; ${turnOf(image, waitingFor)}`;
      case 'Registry':
        return `waits for ${registryOf(image) ?? 'its registry'}, which refused or failed a pull of this node: for a while the node pulls fewer of its images at once`;
      case 'Disk':
        return "waits for room: with it the images' file system would be fuller than the node's disk limit allows (disk.maxUsedPercent)";
      case 'Credentials':
        return `waits for credentials: ${waitingBecause}`;
      default:
        return undefined;
    }
  };
}

function sayTurn(before: number): string {
  if (before === 0) return 'this image comes next';
  return before === 1 ? '1 of its images comes first' : `${before} of its images come first`;
}

function runs(parallelPulls: number | undefined): string {
  if (parallelPulls === undefined) return 'the node runs as many pulls at once as it may';
  return `the node runs ${parallelPulls} ${parallelPulls === 1 ? 'pull' : 'pulls'} at once (parallelPulls)`;
}
