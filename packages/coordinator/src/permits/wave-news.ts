import { memoise, type Node, type WaveNews } from '@kube-prefetch/core';
import { type CellReport, type ImageRef, namesDigest } from '@kube-prefetch/protocol';

/** A node as far as waves look at it. */
export interface WaveNode {
  readonly name: string;
  /** It is not heard of: what it reported may no longer be so. */
  readonly silent: boolean;
  readonly heard: { readonly cells: Pick<ReadonlyMap<ImageRef, CellReport>, 'get'> } | undefined;
}

export interface WaveSettings {
  /** How long a node must hold an image before others may pull because of it: until a mirror has found it. */
  readonly settleMs: number;
  /** A pull without a new byte for so long takes no turn. */
  readonly patienceMs: number;
}

/** What nodes tell of images that are spread in waves. */
export interface Waves {
  /** For a pass. What is asked of it is looked up once for each image. `digests`: contents that a holder must have. */
  look(nodes: readonly Node[], digests: ReadonlyMap<ImageRef, string>, now: number): WaveView;
  /** When time alone changes an answer of the last look. */
  nextDueMs(): number;
  clear(): void;
}

export interface WaveView {
  architectureOf(node: string): string;
  waveOf(image: ImageRef, architecture: string): WaveNews;
}

/** Since when a node holds an image, or how its pull gets on. */
type Since =
  | { readonly is: 'held'; readonly sinceMs: number }
  | { readonly is: 'pulled'; readonly doneBytes: number; readonly sinceMs: number };

interface Count extends Omit<WaveNews, 'isLater'> {
  holders: number;
  fresh: string[];
  nextHolderMs: number;
  stuck: number;
  /** Where the image could not be fetched, or a pull stands still. */
  readonly troubledZones: Set<string>;
}

const noneYet = (): Count => ({ holders: 0, fresh: [], nextHolderMs: Infinity, stuck: 0, troubledZones: new Set() });
const NOTHING: WaveNews = { ...noneYet(), isLater: () => false };

export function createWaves(all: () => Iterable<WaveNode>, { settleMs, patienceMs }: WaveSettings): Waves {
  /** By image and node, of images that were asked about in the last look or this one. */
  let before = new Map<ImageRef, ReadonlyMap<string, Since>>();
  let latest = new Map<ImageRef, ReadonlyMap<string, Since>>();
  let dueMs = Infinity;

  return {
    look(nodes, digests, now) {
      const labelOf = (node: string, key: string) => labelsByName(nodes).get(node)?.[key] ?? '';
      const architectureOf = (node: string) => labelOf(node, 'kubernetes.io/arch');
      const zoneOf = (node: string) => labelOf(node, 'topology.kubernetes.io/zone');
      const seen = new Map<ImageRef, ReadonlyMap<string, WaveNews>>();
      if (latest.size > 0) before = latest;
      latest = new Map();
      dueMs = Infinity;

      const lookAt = (image: ImageRef): ReadonlyMap<string, WaveNews> => {
        const known = before.get(image);
        const digest = digests.get(image);
        const sinces = new Map<string, Since>();
        const counts = new Map<string, Count>();
        for (const { name, silent, heard } of all()) {
          const cell = silent ? undefined : heard?.cells.get(image);
          if (cell === undefined) continue;
          const architecture = architectureOf(name);
          let count = counts.get(architecture);
          if (count === undefined) counts.set(architecture, (count = noneYet()));
          const holds = cell.state === 'Present' && holdsContents(cell, digest);
          const since = sinceOf(cell, holds, known?.get(name), now);
          if (since !== undefined) sinces.set(name, since);
          const endMs = since === undefined ? Infinity : since.sinceMs + (since.is === 'held' ? settleMs : patienceMs);
          const isOver = endMs <= now;
          if (!isOver) dueMs = Math.min(dueMs, endMs);
          if (holds && isOver) count.holders += 1;
          else if (holds) {
            count.fresh.push(name);
            count.nextHolderMs = Math.min(count.nextHolderMs, endMs);
          } else if (cell.state === 'Pulling' && isOver) count.stuck += 1;
          if (cell.failure !== undefined || (cell.state === 'Pulling' && isOver)) {
            count.troubledZones.add(zoneOf(name));
          }
        }
        latest.set(image, sinces);
        return new Map(
          [...counts].map(([architecture, count]) => {
            const isLater = (node: string) => count.holders === 0 && count.troubledZones.has(zoneOf(node));
            return [architecture, { ...count, isLater }];
          }),
        );
      };
      return {
        architectureOf,
        waveOf(image, architecture) {
          let found = seen.get(image);
          if (found === undefined) seen.set(image, (found = lookAt(image)));
          return found.get(architecture) ?? NOTHING;
        },
      };
    },
    nextDueMs: () => dueMs,
    clear() {
      before = new Map();
      latest = new Map();
      dueMs = Infinity;
    },
  };
}

const labelsByName = memoise((nodes: readonly Node[]) => new Map(nodes.map(({ name, labels }) => [name, labels])));

/** A node may not have heard yet that its contents are old. */
function holdsContents({ digests = [] }: CellReport, digest: string | undefined): boolean {
  return digest === undefined || digests.length === 0 || namesDigest(digests, digest);
}

function sinceOf(
  { state, pull }: CellReport,
  holds: boolean,
  before: Since | undefined,
  now: number,
): Since | undefined {
  if (holds) return before?.is === 'held' ? before : { is: 'held', sinceMs: now };
  if (state !== 'Pulling') return undefined;
  if (pull?.phase === 'Unpacking') return undefined;
  const doneBytes = pull?.doneBytes ?? 0;
  return before?.is === 'pulled' && before.doneBytes === doneBytes ? before : { is: 'pulled', doneBytes, sinceMs: now };
}
