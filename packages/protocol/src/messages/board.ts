import { CELL_STATES, type CellState, PULL_PHASES, type PullPhase, WAIT_REASONS, type WaitReason } from '../cell.ts';
import type { PrefetchStatus, ResourceRef } from '../resources/status.ts';
import type { NodeOverview } from './overview.ts';

// What the page shows, `GET /v1/cells`, and how that changes, `GET /v1/events`. Nothing here may need more than a browser has.

/** A node with a slot of the board. */
export interface BoardNode {
  readonly name: string;
  readonly zone?: string;
  /** Of nodes that are made alike: what the cluster's provider calls a node group or pool. */
  readonly pool?: string;
  readonly agent: NodeOverview['agent'];
  readonly held?: string;
}

/** An image with a slot of the board. */
export interface BoardImage {
  readonly name: string;
  /** As nodes agree on it. */
  readonly sizeBytes?: number;
}

/** A pull that runs. Node and image by their slots. */
export interface BoardPull {
  readonly node: number;
  readonly image: number;
  readonly elapsedMs: number;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly phase?: PullPhase;
}

/** What holds pulls up, in a sentence, while it does; and tags that could not be looked up. */
export interface BoardHold {
  readonly kind: HoldKind;
  readonly text: string;
  /** Pulls that wait for it. One that several limits hold up counts at the first of them. */
  readonly waiting: number;
  /** Milliseconds since 1970: when it lets more through, or is tried again. */
  readonly moreFromMs?: number;
}

/** In the order in which they are told. */
export const HOLD_KINDS = ['Registry', 'Limit', 'Wave', 'Look'] as const;
export type HoldKind = (typeof HOLD_KINDS)[number];

export interface BoardResource {
  readonly resource: ResourceRef;
  readonly status: Omit<PrefetchStatus, 'recentPods'>;
}

/** Worst first, where several begin at once. */
export const HAPPENING_KINDS = ['Failing', 'Gap', 'Silent', 'Cold', 'Slowed', 'Leading', 'Changed', 'Warm'] as const;
export type HappeningKind = (typeof HAPPENING_KINDS)[number];

/** Something that happened, in a sentence. */
export interface Happening {
  /** Counts up. */
  readonly id: number;
  /** RFC 3339. */
  readonly at: string;
  readonly kind: HappeningKind;
  readonly text: string;
}

/** How many cells there were in each state, in the order of CELL_STATES, and when. */
export interface BoardSample {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly counts: readonly number[];
}

/** What is small enough to be sent whole when it changes. */
export interface BoardBrief {
  readonly gaps: readonly string[];
  /** How many pulls run, and those of them that run longest. */
  readonly pulls: { readonly total: number; readonly longest: readonly BoardPull[] };
  /** How many things hold pulls up, and the first of them. */
  readonly holds: { readonly total: number; readonly first: readonly BoardHold[] };
}

export interface BoardSnapshot extends BoardBrief {
  /** The moment that this is of; deltas after it are asked for with it. */
  readonly cursor: string;
  /** The script of the page that this coordinator serves. A page of another coordinator's version loads itself anew. */
  readonly script: string;
  readonly epoch: number;
  /** By slot; null: the slot is free. */
  readonly nodes: readonly (BoardNode | null)[];
  readonly images: readonly (BoardImage | null)[];
  /** Images that are planned somewhere and have no slot, because the board holds no more cells. */
  readonly leftOut: number;
  /** In base64, a byte for each cell, a row for each slot of a node. */
  readonly cells: string;
  readonly resources: readonly BoardResource[];
  readonly happenings: readonly Happening[];
  readonly samples: readonly BoardSample[];
}

/** What changed between two moments. The cells of a slot that is named in `nodes` or `images` are cleared before anything else. */
export interface BoardDelta extends Partial<BoardBrief> {
  readonly nodes?: readonly (readonly [slot: number, BoardNode | null])[];
  readonly images?: readonly (readonly [slot: number, BoardImage | null])[];
  /** Slots of which only what is said about them changed: their cells stay. */
  readonly renamed?: {
    readonly nodes?: readonly (readonly [slot: number, BoardNode])[];
    readonly images?: readonly (readonly [slot: number, BoardImage])[];
  };
  /** Node, image, byte; node, image, byte; and so on. */
  readonly cells?: readonly number[];
  /** Of nodes with many changes: all their cells, in base64. */
  readonly rows?: readonly (readonly [slot: number, cells: string])[];
  readonly resources?: readonly BoardResource[];
  /** Names of those that are gone. */
  readonly resourcesGone?: readonly string[];
  readonly happenings?: readonly Happening[];
  readonly sample?: BoardSample;
}

/** Which cells a resource asks for, by slots: `GET /v1/asks/KIND/NAME` and `GET /v1/asks/KIND/NAMESPACE/NAME`. */
export interface BoardAsks {
  /** On all nodes of a group it asks for the same images. */
  readonly groups: readonly { readonly nodes: readonly number[]; readonly images: readonly number[] }[];
}

/** Events of `GET /v1/events`: a delta; nothing new; and that a snapshot has to be taken. */
export const BOARD_EVENTS = { delta: 'delta', beat: 'beat', restart: 'restart' } as const;
/** A page that has heard nothing for longer than two of these is cut off. */
export const BOARD_BEAT_MS = 10_000;

/** Why a cell is Unknown. */
export const UNKNOWN_REASONS = ['NoAgent', 'Silent', 'RuntimeUnavailable', 'NotLooked'] as const;
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

/** What a cell's byte says. */
export interface CellGist {
  readonly state: CellState;
  /** Of Missing and Waiting. */
  readonly waitingFor?: WaitReason | undefined;
  /** Of Pulling. */
  readonly phase?: PullPhase | undefined;
  /** Of Unknown. */
  readonly unknown?: UnknownReason | undefined;
  /** Of Pulling: the pull before failed. Of Failed: somebody has to change something first. */
  readonly grave?: boolean | undefined;
}

/** A cell that is not planned. */
export const NO_CELL = 0;
const GRAVE = 8;

/** The state is in the lower four bits, what is special about it in the upper ones. */
export function packCell({ state, waitingFor, phase, unknown, grave = false }: CellGist): number {
  const special =
    state === 'Pulling'
      ? 1 + indexIn(PULL_PHASES, phase) + (grave ? GRAVE : 0)
      : state === 'Failed'
        ? grave
          ? GRAVE
          : 0
        : state === 'Unknown'
          ? 1 + indexIn(UNKNOWN_REASONS, unknown)
          : 1 + indexIn(WAIT_REASONS, waitingFor);
  return ((special & 15) << 4) | (1 + CELL_STATES.indexOf(state));
}

/** Undefined: not planned. */
export function unpackCell(byte: number): CellGist | undefined {
  const state = stateOfCell(byte);
  if (state === undefined) return undefined;
  const special = byte >> 4;
  if (state === 'Pulling') return { state, phase: PULL_PHASES[(special & 7) - 1], grave: special >= GRAVE };
  if (state === 'Failed') return { state, grave: special >= GRAVE };
  if (state === 'Unknown') return { state, unknown: UNKNOWN_REASONS[special - 1] };
  return { state, waitingFor: WAIT_REASONS[special - 1] };
}

export function stateOfCell(byte: number): CellState | undefined {
  return CELL_STATES[(byte & 15) - 1];
}

function indexIn<T>(words: readonly T[], word: T | undefined): number {
  return word === undefined ? -1 : words.indexOf(word);
}
