import type { ImageRef, Spread } from '@kube-prefetch/protocol';
import type { PullLimit } from './pull-limits.ts';

/** What is known of an image that is spread in waves, on the nodes of one architecture: others hold other contents. */
export interface WaveNews {
  /** Nodes that hold it, for so long that a mirror has found them. */
  readonly holders: number;
  /** Nodes that hold it since a moment ago. */
  readonly fresh: readonly string[];
  /** Monotonic: when the next of those is a holder; Infinity where there are none. */
  readonly nextHolderMs: number;
  /** Nodes whose pull of it stands still. */
  readonly stuck: number;
  /** Whether a node of another zone should fetch it first. */
  readonly isLater: (node: string) => boolean;
}

/** A node reports within a second how a pull ended. */
const LINGERS_MS = 3_000;

/** How many nodes may pull the image at once; undefined: any number. A pull that stands still takes no turn. */
export function waveLimit(
  image: ImageRef,
  architecture: string,
  { seeds, fanout }: Spread,
  news: WaveNews,
): PullLimit | undefined {
  const { holders, fresh, stuck, isLater } = news;
  const turn = holders === 0 ? seeds : typeof fanout === 'number' ? fanout * holders : Infinity;
  if (turn === Infinity) return undefined;
  const may = `${turn} ${turn === 1 ? 'node' : 'nodes'} may pull it`;
  const why = holders === 0 ? 'until one holds it' : `while ${holders} ${holders === 1 ? 'holds' : 'hold'} it`;
  return {
    key: `wave ${architecture} ${image}`,
    of: { kind: 'Wave', image, architecture, news },
    most: turn + stuck,
    counts: 'nodes',
    sentence: `the image is spread in waves, and ${may} ${why}`,
    // The first holder counts until others can fetch from it.
    alsoUsing: new Set(holders === 0 ? fresh : []),
    lingersMs: LINGERS_MS,
    isLater,
  };
}

/** Where several resources want an image the lower figure of each kind counts. */
export function narrower(a: Spread | undefined, b: Spread): Spread {
  if (a === undefined) return b;
  const fanout =
    typeof a.fanout !== 'number' ? b.fanout : typeof b.fanout !== 'number' ? a.fanout : Math.min(a.fanout, b.fanout);
  return { seeds: Math.min(a.seeds, b.seeds), fanout };
}
