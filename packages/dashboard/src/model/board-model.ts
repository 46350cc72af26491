import { CELL_STATES, type CellState, type WaitReason } from '@kube-prefetch/protocol/cell';
import {
  type BoardBrief,
  type BoardDelta,
  type BoardImage,
  type BoardNode,
  type BoardResource,
  type BoardSample,
  type BoardSnapshot,
  type Happening,
  NO_CELL,
  stateOfCell,
  unpackCell,
} from '@kube-prefetch/protocol/board';

/** What the coordinator's board was at its cursor, as a page keeps it. */
export interface BoardModel extends BoardBrief {
  readonly epoch: number;
  readonly nodes: (BoardNode | null)[];
  readonly images: (BoardImage | null)[];
  readonly leftOut: number;
  /** A row for each slot of a node. */
  readonly cells: Uint8Array;
  /** By name. */
  readonly resources: Map<string, BoardResource>;
  happenings: readonly Happening[];
  samples: readonly BoardSample[];
  gaps: BoardBrief['gaps'];
  pulls: BoardBrief['pulls'];
  holds: BoardBrief['holds'];
}

/** Which part of the model a delta changed. */
export interface Touched {
  /** Nodes or images came or went, or nodes are described otherwise. */
  readonly slots: boolean;
  /** Indices into `cells`; `all` where there are many. */
  readonly cells: 'all' | readonly number[];
}

/** As many as the coordinator keeps. */
const MAX_HAPPENINGS = 500;
const MAX_SAMPLES = 360;
const MANY_CELLS = 20_000;

export function openModel(snapshot: BoardSnapshot): BoardModel {
  const { nodes, images, resources, happenings, samples, gaps, pulls, holds, epoch, leftOut } = snapshot;
  const cells = bytesOf(snapshot.cells);
  if (cells.length !== nodes.length * images.length) throw new Error('the cells do not fit the nodes and images');
  return {
    epoch,
    leftOut,
    gaps,
    pulls,
    holds,
    nodes: [...nodes],
    images: [...images],
    cells,
    resources: new Map(resources.map(told => [nameOf(told), told])),
    happenings,
    samples,
  };
}

/** Changes the model by a delta that follows it. */
export function applyDelta(model: BoardModel, delta: BoardDelta): Touched {
  const { nodes = [], images = [], renamed = {}, cells = [], rows = [] } = delta;
  const width = model.images.length;
  for (const [slot, node] of nodes) {
    model.nodes[slot] = node;
    model.cells.fill(NO_CELL, slot * width, (slot + 1) * width);
  }
  for (const [slot, image] of images) {
    model.images[slot] = image;
    for (let cell = slot; cell < model.cells.length; cell += width) model.cells[cell] = NO_CELL;
  }
  for (const [slot, node] of renamed.nodes ?? []) model.nodes[slot] = node;
  for (const [slot, image] of renamed.images ?? []) model.images[slot] = image;

  const touched: number[] = [];
  for (let i = 0; i + 2 < cells.length; i += 3) {
    const cell = (cells[i] as number) * width + (cells[i + 1] as number);
    model.cells[cell] = cells[i + 2] as number;
    touched.push(cell);
  }
  for (const [slot, text] of rows) {
    model.cells.set(bytesOf(text).subarray(0, width), slot * width);
    if (touched.length <= MANY_CELLS) for (let cell = 0; cell < width; cell++) touched.push(slot * width + cell);
  }

  for (const name of delta.resourcesGone ?? []) model.resources.delete(name);
  for (const told of delta.resources ?? []) model.resources.set(nameOf(told), told);
  if (delta.gaps !== undefined) model.gaps = delta.gaps;
  if (delta.pulls !== undefined) model.pulls = delta.pulls;
  if (delta.holds !== undefined) model.holds = delta.holds;
  if (delta.happenings !== undefined)
    model.happenings = [...model.happenings, ...delta.happenings].slice(-MAX_HAPPENINGS);
  if (delta.sample !== undefined) model.samples = [...model.samples, delta.sample].slice(-MAX_SAMPLES);

  const slots = nodes.length + images.length + (renamed.nodes?.length ?? 0) > 0;
  const many = nodes.length + images.length > 0 || touched.length > MANY_CELLS;
  return { slots, cells: many ? 'all' : touched };
}

/** `Prefetch shop/web`, `ClusterPrefetch base`. */
export function nameOf({ resource: { kind, namespace, name } }: Pick<BoardResource, 'resource'>): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export type CountsByState = Record<CellState, number>;

/** How many cells have each byte. */
export function countBytes({ cells }: Pick<BoardModel, 'cells'>): Uint32Array {
  const byByte = new Uint32Array(256);
  for (const byte of cells) byByte[byte] = (byByte[byte] as number) + 1;
  return byByte;
}

export function countStates(byByte: Uint32Array): CountsByState {
  const counts = Object.fromEntries(CELL_STATES.map(state => [state, 0])) as CountsByState;
  byByte.forEach((count, byte) => {
    const state = stateOfCell(byte);
    if (state !== undefined) counts[state] += count;
  });
  return counts;
}

/** What images that are not there wait for, what most of them wait for first. */
export function countWaits(byByte: Uint32Array): readonly { readonly reason: WaitReason; readonly count: number }[] {
  const counts = new Map<WaitReason, number>();
  byByte.forEach((count, byte) => {
    const reason = count > 0 ? unpackCell(byte)?.waitingFor : undefined;
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + count);
  });
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
