import type { Node } from '@kube-prefetch/core';
import { type CellReport, type ImageRef, isPermanent, type Plan } from '@kube-prefetch/protocol';
import {
  type BoardDelta,
  type BoardImage,
  type BoardNode,
  type BoardPull,
  NO_CELL,
  packCell,
} from '@kube-prefetch/protocol/board';
import { agentOf, type Fleet, type NodeRecord } from '../fleet/index.ts';

/** A byte each. With more than these some images are left out. */
const MAX_CELLS = 4_000_000;
/** Of the nodes that one look finds changed; the next look goes on with the rest. */
const ROWS_PER_LOOK = 500;
const SIZES_PER_LOOK = 50;
/** A row is sent whole where it is shorter than its changes: three numbers each. */
const TEXT_PER_CHANGE = 10;
/** Pulls of one node that count as its longest. */
const PULLS_PER_NODE = 8;

/** What of the cluster's nodes the board tells. */
export type NodeLabels = Pick<Node, 'name' | 'labels'>;

/**
 * The state of all cells, a byte each, as a table of slots: a row for a node, a column for an image. A slot is its node's or
 * image's as long as that is there, so that what changes can be told in few numbers.
 */
export interface BoardTable {
  readonly nodes: readonly (BoardNode | null)[];
  readonly images: readonly (BoardImage | null)[];
  readonly leftOut: number;
  readonly cells: Uint8Array;
  /** Takes in what is new and returns it. `Full`: there are more nodes or images than slots. */
  look(): { readonly delta: BoardDelta; readonly more: boolean } | 'Full';
  pulls(): { readonly total: number; readonly all: Iterable<BoardPull> };
  /** Nodes with images that wait for other pulls of the node to end, and how many of these there are. */
  slots(): { readonly nodes: number; readonly images: number };
  nodeSlot(name: string): number | undefined;
  imageSlot(name: ImageRef): number | undefined;
}

export interface BoardTableParts {
  readonly fleet: Pick<Fleet, 'nodes' | 'records' | 'sizeOf'>;
  /** Undefined: not read yet. */
  readonly labels: () => readonly NodeLabels[] | undefined;
}

/** What a row was made from. `heard` is another object after every report. */
interface Row extends Pick<NodeRecord, 'heard' | 'silent'> {
  readonly revision: string;
  readonly applicable: boolean;
  readonly pulls: readonly BoardPull[];
  /** Images that wait for a slot. */
  readonly waiting: number;
}

export function createBoardTable({ fleet, labels }: BoardTableParts): BoardTable {
  const planned = plannedImages(fleet);
  const width = roomFor(planned.size, Math.floor(MAX_CELLS / roomFor(count(fleet.nodes()), MAX_CELLS)));
  const height = roomFor(count(fleet.nodes()), MAX_CELLS);
  const cells = new Uint8Array(width * height);
  const nodes = new Slots<BoardNode>(height);
  const images = new Slots<BoardImage>(width);
  const rows = new Map<string, Row>();
  let revisions: ReadonlySet<string> = new Set();
  let leftOut = 0;
  let nextSize = 0;
  let labelled: readonly NodeLabels[] | undefined;
  let places = new Map<string, Pick<BoardNode, 'zone' | 'pool'>>();
  /** By revision. */
  const columns = new Map<string, readonly (readonly [slot: number, image: ImageRef])[]>();

  const columnsOf = ({ revision, items }: Plan) => {
    let found = columns.get(revision);
    if (found === undefined) {
      found = items.flatMap(({ image }) => {
        const slot = images.slotOf(image);
        return slot === undefined ? [] : [[slot, image] as const];
      });
      columns.set(revision, found);
    }
    return found;
  };

  /** False: there is no slot for an image, although there could be. */
  const takeImages = (changes: Changes): boolean => {
    const next = new Set([...fleet.records()].map(({ plan }) => plan.revision));
    if (next.size === revisions.size && [...next].every(revision => revisions.has(revision))) return true;
    if (leftOut > 0) return false;
    revisions = next;
    columns.clear();
    const wanted = plannedImages(fleet);
    for (const [slot] of images.keepOnly(wanted)) {
      for (let row = 0; row < height; row++) cells[row * width + slot] = NO_CELL;
      changes.images.push([slot, null]);
    }
    for (const name of wanted) {
      if (images.slotOf(name) !== undefined) continue;
      const entry = imageOf(name, fleet);
      const slot = images.take(name, entry);
      if (slot !== undefined) changes.images.push([slot, entry]);
      else leftOut += 1;
    }
    return leftOut === 0 || (width + 1) * height > MAX_CELLS;
  };

  /** Some at a time: to agree on a size costs a look at every cohort. */
  const takeSizes = (changes: Changes) => {
    for (let i = 0; i < Math.min(width, SIZES_PER_LOOK); i++) {
      nextSize = (nextSize + 1) % width;
      const entry = images.entries[nextSize];
      if (entry === null || entry === undefined) continue;
      const now = imageOf(entry.name, fleet);
      if (now.sizeBytes === entry.sizeBytes) continue;
      images.change(nextSize, now);
      changes.renamedImages.push([nextSize, now]);
    }
  };

  const takeNodes = (changes: Changes): boolean => {
    const state = labels();
    if (state !== labelled) {
      labelled = state;
      places = new Map(state?.map(node => [node.name, placeOf(node)]));
    }
    const there = new Set<string>();
    for (const node of fleet.nodes()) {
      there.add(node.name);
      const entry = nodeOf(node, places.get(node.name));
      const known = nodes.entryOf(node.name);
      if (known === undefined) {
        const slot = nodes.take(node.name, entry);
        if (slot === undefined) return false;
        changes.nodes.push([slot, entry]);
      } else if (!sameNode(known.entry, entry)) {
        nodes.change(known.slot, entry);
        changes.renamedNodes.push([known.slot, entry]);
      }
    }
    for (const [slot, { name }] of nodes.keepOnly(there)) {
      rows.delete(name);
      cells.fill(NO_CELL, slot * width, (slot + 1) * width);
      changes.nodes.push([slot, null]);
    }
    return true;
  };

  const takeRow = (node: NodeRecord, slot: number, changes: Changes) => {
    const { heard, silent } = node;
    const { plan, cohort } = node.home;
    const start = slot * width;
    const next = new Uint8Array(width);
    const pulls: BoardPull[] = [];
    let waiting = 0;
    if (heard !== undefined || cohort.applicable) {
      for (const [column, image] of columnsOf(plan)) {
        const cell = heard?.cells.get(image);
        next[column] = byteOf(node, cell);
        if (silent || cell === undefined) continue;
        if (cell.state === 'Pulling') pulls.push(pullOf(slot, column, cell));
        if (cell.waitingFor === 'Slot') waiting += 1;
      }
    }
    rows.set(node.name, { heard, silent, revision: plan.revision, applicable: cohort.applicable, pulls, waiting });
    const changed: number[] = [];
    for (let column = 0; column < width; column++) {
      if (next[column] !== cells[start + column]) changed.push(slot, column, next[column] as number);
    }
    if (changed.length === 0) return;
    cells.set(next, start);
    if ((changed.length / 3) * TEXT_PER_CHANGE > width * 1.4) changes.rows.push([slot, textOf(next)]);
    else changes.cells.push(...changed);
  };

  return {
    get nodes() {
      return nodes.entries;
    },
    get images() {
      return images.entries;
    },
    get leftOut() {
      return leftOut;
    },
    cells,
    look() {
      const changes: Changes = { nodes: [], images: [], renamedNodes: [], renamedImages: [], cells: [], rows: [] };
      if (!takeImages(changes) || !takeNodes(changes)) return 'Full';
      takeSizes(changes);
      let taken = 0;
      let more = false;
      for (const node of fleet.nodes()) {
        if (isSame(rows.get(node.name), node)) continue;
        if (taken === ROWS_PER_LOOK) {
          more = true;
          break;
        }
        taken += 1;
        takeRow(node, nodes.slotOf(node.name) as number, changes);
      }
      return { delta: deltaOf(changes), more };
    },
    pulls() {
      const all = rows.values().flatMap(row => row.pulls.slice(0, PULLS_PER_NODE));
      return { total: rows.values().reduce((sum, row) => sum + row.pulls.length, 0), all };
    },
    slots() {
      let [nodes, images] = [0, 0];
      for (const { waiting } of rows.values()) {
        nodes += Number(waiting > 0);
        images += waiting;
      }
      return { nodes, images };
    },
    nodeSlot: name => nodes.slotOf(name),
    imageSlot: name => images.slotOf(name),
  };
}

function isSame(row: Row | undefined, { heard, silent, home }: NodeRecord): boolean {
  return (
    row !== undefined &&
    row.heard === heard &&
    row.silent === silent &&
    row.revision === home.plan.revision &&
    row.applicable === home.cohort.applicable
  );
}

interface Changes {
  readonly nodes: [number, BoardNode | null][];
  readonly images: [number, BoardImage | null][];
  readonly renamedNodes: [number, BoardNode][];
  readonly renamedImages: [number, BoardImage][];
  readonly cells: number[];
  readonly rows: [number, string][];
}

function deltaOf({ nodes, images, renamedNodes, renamedImages, cells, rows }: Changes): BoardDelta {
  return {
    ...(nodes.length > 0 && { nodes }),
    ...(images.length > 0 && { images }),
    ...((renamedNodes.length > 0 || renamedImages.length > 0) && {
      renamed: {
        ...(renamedNodes.length > 0 && { nodes: renamedNodes }),
        ...(renamedImages.length > 0 && { images: renamedImages }),
      },
    }),
    ...(cells.length > 0 && { cells }),
    ...(rows.length > 0 && { rows }),
  };
}

/** Which slot is whose. The first free one is taken. */
class Slots<T extends { readonly name: string }> {
  readonly entries: (T | null)[];
  readonly #slots = new Map<string, number>();
  readonly #free: number[];

  constructor(room: number) {
    this.entries = Array.from({ length: room }, () => null);
    this.#free = Array.from({ length: room }, (_, slot) => room - 1 - slot);
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name);
  }

  entryOf(name: string): { readonly slot: number; readonly entry: T } | undefined {
    const slot = this.#slots.get(name);
    return slot === undefined ? undefined : { slot, entry: this.entries[slot] as T };
  }

  /** Undefined: none is free. */
  take(name: string, entry: T): number | undefined {
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    this.#slots.set(name, slot);
    this.entries[slot] = entry;
    return slot;
  }

  change(slot: number, entry: T): void {
    this.entries[slot] = entry;
  }

  /** Returns those that had a slot and have none any more. */
  keepOnly(names: ReadonlySet<string>): readonly (readonly [slot: number, entry: T])[] {
    const left: [number, T][] = [];
    for (const [name, slot] of this.#slots) {
      if (names.has(name)) continue;
      left.push([slot, this.entries[slot] as T]);
      this.#slots.delete(name);
      this.entries[slot] = null;
      this.#free.push(slot);
    }
    return left;
  }
}

/** Some more than there are, so that what comes and goes finds a slot. */
function roomFor(count: number, most: number): number {
  return Math.max(1, Math.min(most, Math.ceil(count * 1.25) + 16));
}

function plannedImages(fleet: Pick<Fleet, 'records'>): ReadonlySet<ImageRef> {
  const images = new Set<ImageRef>();
  for (const { plan } of fleet.records()) for (const { image } of plan.items) images.add(image);
  return images;
}

function byteOf(node: NodeRecord, cell: CellReport | undefined): number {
  if (node.heard === undefined) return packCell({ state: 'Unknown', unknown: 'NoAgent' });
  if (node.silent) return packCell({ state: 'Unknown', unknown: 'Silent' });
  const { state, waitingFor, failure, pull } = cell ?? { state: 'Unknown' };
  if (state === 'Unknown') {
    return packCell({ state, unknown: failure === undefined ? 'NotLooked' : 'RuntimeUnavailable' });
  }
  const grave = failure !== undefined && (state === 'Pulling' || isPermanent(failure.kind));
  return packCell({ state, waitingFor, phase: pull?.phase, grave });
}

function pullOf(node: number, image: number, { pull }: CellReport): BoardPull {
  const { elapsedMs = 0, doneBytes, totalBytes, phase } = pull ?? {};
  return {
    node,
    image,
    elapsedMs,
    ...(doneBytes !== undefined && { doneBytes }),
    ...(totalBytes !== undefined && { totalBytes }),
    ...(phase !== undefined && { phase }),
  };
}

function nodeOf(record: NodeRecord, place: Pick<BoardNode, 'zone' | 'pool'> = {}): BoardNode {
  const { held } = record.home.cohort;
  return { name: record.name, ...place, agent: agentOf(record), ...(held !== undefined && { held }) };
}

function sameNode(a: BoardNode, b: BoardNode): boolean {
  return a.agent === b.agent && a.held === b.held && a.zone === b.zone && a.pool === b.pool;
}

function imageOf(name: ImageRef, fleet: Pick<Fleet, 'sizeOf'>): BoardImage {
  const sizeBytes = fleet.sizeOf(name);
  return sizeBytes === undefined ? { name } : { name, sizeBytes };
}

const ZONE = 'topology.kubernetes.io/zone';
/** By what providers and autoscalers call the nodes that they make alike. */
const POOLS = [
  'karpenter.sh/nodepool',
  'eks.amazonaws.com/nodegroup',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'doks.digitalocean.com/node-pool',
  'kops.k8s.io/instancegroup',
  'node.kubernetes.io/pool',
];

function placeOf({ labels }: NodeLabels): Pick<BoardNode, 'zone' | 'pool'> {
  const pool = POOLS.map(key => labels[key]).find(value => value !== undefined);
  return {
    ...(labels[ZONE] !== undefined && { zone: labels[ZONE] }),
    ...(pool !== undefined && { pool }),
  };
}

function count(items: Iterable<unknown>): number {
  let sum = 0;
  for (const _ of items) sum += 1;
  return sum;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
