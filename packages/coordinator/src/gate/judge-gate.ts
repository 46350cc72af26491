import { type CellReport, type ImageRef, isPermanent } from '@kube-prefetch/protocol';

/** A node that carries the gate's taint. */
export interface GatedNode {
  /** What the gate's resources want there. `start` is false where no pull may start. */
  readonly wanted: readonly { readonly image: ImageRef; readonly start: boolean }[];
  /** Undefined if the node's agent has not reported the image, or is silent. */
  readonly cellOf: (image: ImageRef) => CellReport | undefined;
  readonly ready: boolean;
  /** An agent can run there. */
  readonly applicable: boolean;
  /** Why it is not known yet what is wanted; undefined: it is. */
  readonly unsure: string | undefined;
  readonly waitedMs: number;
}

export const OPENING_REASONS = ['NodeWarm', 'NodeNeverWarm', 'NodeNotWarmInTime'] as const;

/** Why the taint comes off. */
export interface Opening {
  readonly reason: (typeof OPENING_REASONS)[number];
  readonly message: string;
}

/**
 * Undefined while the node waits. The first row that applies:
 *
 * | situation                                                         | the taint                       |
 * | ----------------------------------------------------------------- | ------------------------------- |
 * | it waits for the whole deadline                                   | comes off, NodeNotWarmInTime    |
 * | the node is not Ready: its labels may come yet, and no pod does   | stays                           |
 * | what is wanted is not known: a resource or something is not read  | stays                           |
 * | nothing that is wanted is missing                                 | comes off, NodeWarm             |
 * | no agent can run there, or no missing image can come              | comes off, NodeNeverWarm        |
 * | otherwise                                                         | stays                           |
 */
export function judgeGate(node: GatedNode, deadlineMs: number): Opening | undefined {
  const { wanted, cellOf, ready, applicable, unsure, waitedMs } = node;
  const missing = wanted.filter(({ image }) => cellOf(image)?.state !== 'Present');
  const counts = `${wanted.length - missing.length} of ${wanted.length} images are present`;
  if (waitedMs >= deadlineMs) {
    const why = unsure ?? (missing.length > 0 ? `missing: ${named(missing)}` : 'the node is not Ready');
    return {
      reason: 'NodeNotWarmInTime',
      message: `${OPENED}, after ${Math.round(waitedMs / 1000)} s: ${counts}; ${why}`,
    };
  }
  if (!ready || unsure !== undefined) return undefined;
  if (missing.length === 0) return { reason: 'NodeWarm', message: `${OPENED}: ${counts}` };
  if (!applicable) return { reason: 'NodeNeverWarm', message: `${OPENED} although the node gets no agent: ${counts}` };
  if (missing.every(({ image, start }) => !start || hasFailedForGood(cellOf(image)))) {
    return {
      reason: 'NodeNeverWarm',
      message: `${OPENED} although images are missing: ${counts}; cannot come: ${named(missing)}`,
    };
  }
  return undefined;
}

const OPENED = 'pods may start here now';

/** Somebody would have to change the image, its registry or its name. */
function hasFailedForGood(cell: CellReport | undefined): boolean {
  return cell?.state === 'Failed' && cell.failure !== undefined && isPermanent(cell.failure.kind);
}

const MAX_NAMED = 5;

function named(missing: GatedNode['wanted']): string {
  const more = missing.length > MAX_NAMED ? [`and ${missing.length - MAX_NAMED} more`] : [];
  return [...missing.slice(0, MAX_NAMED).map(({ image }) => image), ...more].join(', ');
}
