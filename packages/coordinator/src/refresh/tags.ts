import { isDeepStrictEqual } from 'node:util';
import {
  chooseScout,
  type Cohort,
  mayAnotherAnswer,
  type MovingTags,
  movingTags,
  nextLookMs,
  type Node,
  paceLooks,
  type RefreshSettings,
  type ScoutCandidate,
  type WantedDigests,
} from '@kube-prefetch/core';
import {
  type CellReport,
  type Failure,
  type ImageRef,
  type LookFailureKind,
  MAX_LOOKS_PER_NODE,
  namesDigest,
  type NodeReport,
} from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';

/** The longest that an agent is silent, the look, and the report after it. */
const ANSWER_WITHIN_MS = 120_000;
/**
 * A node that was called and did not report was not polling, or had reported within the last 5 s and so sees no need. Called after
 * that time it does.
 */
const CALL_AGAIN_MS = 6_000;
/** How long a node goes last that failed where another did not, or gave no answer. */
const UNFIT_MS = 3_600_000;
/** Looks begin together at most this often: each time costs a pass. */
const BATCH_MS = 5_000;

/** What became of one look: it found what was known, something else, nothing, or was not answered in time. */
export const TAG_LOOK_RESULTS = ['same', 'moved', 'failed', 'unanswered'] as const;
export type TagLookResult = (typeof TAG_LOOK_RESULTS)[number];

/** A node as far as looks need it. */
export interface ScoutNode {
  readonly name: string;
  readonly silent: boolean;
  readonly home: { readonly cohort: Pick<Cohort, 'key'> };
  readonly heard:
    | {
        /** Monotonic; when it reported last. */
        readonly atMs: number;
        readonly cells: Pick<ReadonlyMap<ImageRef, CellReport>, 'get'>;
        readonly runtime: NodeReport['runtime'];
      }
    | undefined;
}

/** Has tags looked up, each by one node, and knows what they stand for. */
export interface Tags {
  open(): void;
  /** For a pass: chooses who looks up what is due; returns the contents that plans name. */
  look(cohorts: readonly Cohort[], nodes: readonly Node[], now: number): WantedDigests;
  /** When time alone changes something. */
  nextDueMs(): number;
  /** What the node is to look up. */
  asksOf(node: string): readonly ImageRef[];
  /** Takes what a node found. What it was not asked for does not count. */
  looked(node: string, results: NonNullable<NodeReport['looked']>): void;
  /** What a node reported that its runtime holds. */
  heard(node: ScoutNode, cells: readonly CellReport[]): void;
  /** A pull brought other contents than the look had found: one of the two is behind. */
  outdated(image: ImageRef): void;
  view(): readonly TagView[];
}

export interface TagView {
  readonly image: ImageRef;
  readonly intervalMs: number;
  /** Monotonic. */
  readonly dueMs: number;
  readonly digest: string | undefined;
  readonly scout: string | undefined;
  readonly last: TagLook | undefined;
}

export interface TagLook {
  /** Undefined where no node could be asked. */
  readonly node: string | undefined;
  /** Monotonic. */
  readonly atMs: number;
  readonly failure: LookFailure | undefined;
}

export interface LookFailure {
  readonly kind: LookFailureKind;
  readonly message: string;
}

export interface TagsParts {
  readonly clock: Clock;
  readonly settings: RefreshSettings;
  readonly node: (name: string) => ScoutNode | undefined;
  readonly nodes: () => Iterable<ScoutNode>;
  /** Has the node's agent report soon. */
  readonly callFor: (node: string) => void;
  /** The next pass would see something new. */
  readonly changed: () => void;
  readonly ended: (result: TagLookResult) => void;
}

interface Scout {
  readonly node: string;
  readonly askedMs: number;
  calledMs: number;
}

interface Tag {
  dueMs: number;
  /** As the last look that was answered found it. */
  digest: string | undefined;
  /** Plans name it: some node holds other contents, or did. */
  planned: boolean;
  scout: Scout | undefined;
  /** Nodes that failed in this turn. */
  tried: string[];
  last: TagLook | undefined;
}

export function createTags(parts: TagsParts): Tags {
  const { clock, settings, changed } = parts;
  const tags = new Map<ImageRef, Tag>();
  let moving: MovingTags = new Map();
  /** What the last pass was told of: the same object while it is the same, as plans are made from it. */
  let wanted: WantedDigests = new Map();
  /** By node, what it is asked for now. */
  const asked = new Map<string, Set<ImageRef>>();
  /** By node, until when it goes last. */
  const unfit = new Map<string, number>();
  let takenUntilMs = -Infinity;
  let dueMs = Infinity;

  const nextTurnMs = (image: ImageRef, now: number) =>
    nextLookMs(image, moving.get(image)?.intervalMs ?? settings.intervalMs, now);

  const ask = (image: ImageRef, tag: Tag, node: string, now: number) => {
    tag.scout = { node, askedMs: now, calledMs: now };
    const images = asked.get(node) ?? new Set();
    asked.set(node, images.add(image));
    parts.callFor(node);
  };
  const release = (image: ImageRef, tag: Tag) => {
    const images = asked.get(tag.scout?.node ?? '');
    images?.delete(image);
    if (images?.size === 0) asked.delete(tag.scout?.node ?? '');
    tag.scout = undefined;
  };
  const follow = (now: number) => {
    for (const [image, tag] of tags) {
      if (moving.has(image)) continue;
      release(image, tag);
      tags.delete(image);
    }
    for (const [image, { intervalMs }] of moving) {
      const turnMs = nextLookMs(image, intervalMs, now);
      const tag = tags.get(image);
      if (tag !== undefined) tag.dueMs = Math.min(tag.dueMs, turnMs);
      else
        tags.set(image, {
          dueMs: turnMs,
          digest: undefined,
          planned: false,
          scout: undefined,
          tried: [],
          last: undefined,
        });
    }
  };
  const endTurn = (image: ImageRef, tag: Tag, now: number) => {
    tag.tried = [];
    tag.dueMs = nextTurnMs(image, now);
  };
  const fail = (image: ImageRef, tag: Tag, failure: LookFailure, now: number) => {
    const node = tag.scout?.node;
    if (node !== undefined) tag.tried.push(node);
    release(image, tag);
    tag.last = { node, atMs: now, failure };
    if (!mayAnotherAnswer(failure.kind, tag.tried.length)) endTurn(image, tag, now);
  };
  /** The answer to a report tells what is asked. */
  const hasHeard = ({ node, askedMs }: Scout) => (parts.node(node)?.heard?.atMs ?? -Infinity) > askedMs;
  const scoutDueMs = (scout: Scout) =>
    Math.min(scout.askedMs + ANSWER_WITHIN_MS, hasHeard(scout) ? Infinity : scout.calledMs + CALL_AGAIN_MS);
  const callAgain = (scout: Scout, now: number) => {
    if (hasHeard(scout) || now - scout.calledMs < CALL_AGAIN_MS) return;
    scout.calledMs = now;
    parts.callFor(scout.node);
  };
  const waitForScouts = (now: number) => {
    for (const [image, tag] of tags) {
      if (tag.scout === undefined) continue;
      const { node, askedMs } = tag.scout;
      const isGone = parts.node(node)?.silent ?? true;
      if (!isGone && now - askedMs < ANSWER_WITHIN_MS) {
        callAgain(tag.scout, now);
        continue;
      }
      unfit.set(node, now + UNFIT_MS);
      parts.ended('unanswered');
      const message = isGone ? `the agent of ${node} fell silent` : `${node} did not answer in time`;
      fail(image, tag, { kind: 'NoAnswer', message }, now);
    }
  };
  const begin = (cohorts: readonly Cohort[], nodes: readonly Node[], now: number) => {
    const due = [...tags].filter(([, tag]) => tag.scout === undefined && tag.dueMs <= now);
    const running = tags
      .values()
      .filter(tag => tag.scout !== undefined)
      .toArray().length;
    const pace = paceLooks({ due: due.length, running, tags: moving }, takenUntilMs, now);
    ({ takenUntilMs } = pace);
    if (pace.begin === 0) return;
    const zones = new Map(nodes.map(({ name, labels }) => [name, labels['topology.kubernetes.io/zone'] ?? '']));
    for (const [image, tag] of due.sort(([, a], [, b]) => a.dueMs - b.dueMs).slice(0, pace.begin)) {
      const good = tag.last?.failure === undefined ? tag.last?.node : undefined;
      const scout = chooseScout(image, candidatesFor(image, cohorts, zones, now), tag.tried, good);
      if (scout !== undefined) {
        ask(image, tag, scout, now);
        continue;
      }
      if (tag.tried.length === 0) tag.last = { node: undefined, atMs: now, failure: NO_SCOUT };
      endTurn(image, tag, now);
    }
  };
  const candidatesFor = (
    image: ImageRef,
    cohorts: readonly Cohort[],
    zones: ReadonlyMap<string, string>,
    now: number,
  ): readonly ScoutCandidate[] => {
    const wanting = moving.get(image)?.cohorts;
    return cohorts.flatMap(({ key, nodes }) => {
      const brings = wanting?.get(key)?.brings;
      if (brings === undefined) return [];
      return nodes.flatMap(name => {
        const { silent = true, heard } = parts.node(name) ?? {};
        const isBusy = (asked.get(name)?.size ?? 0) >= MAX_LOOKS_PER_NODE;
        if (silent || isBusy || heard === undefined || heard.runtime.failure !== undefined) return [];
        const runtime = heard.runtime.name ?? '';
        return [{ node: name, zone: zones.get(name) ?? '', runtime, brings, unfit: (unfit.get(name) ?? 0) > now }];
      });
    });
  };
  const holdsOther = (image: ImageRef, digest: string, node: ScoutNode, cell: CellReport | undefined) =>
    cell !== undefined &&
    (cell.state === 'Stale' || (cell.state === 'Present' && differs(cell, digest))) &&
    (moving.get(image)?.cohorts.has(node.home.cohort.key) ?? false);
  const isHeldOtherwise = (image: ImageRef, digest: string) => {
    for (const node of parts.nodes()) if (holdsOther(image, digest, node, node.heard?.cells.get(image))) return true;
    return false;
  };
  const learn = (image: ImageRef, tag: Tag, digest: string, now: number) => {
    const before = tag.digest;
    for (const node of tag.tried) unfit.set(node, now + UNFIT_MS);
    tag.last = { node: tag.scout?.node, atMs: now, failure: undefined };
    release(image, tag);
    Object.assign(tag, { digest, tried: [], dueMs: nextTurnMs(image, now) });
    const wasPlanned = tag.planned;
    tag.planned ||= isHeldOtherwise(image, digest);
    const moved = before === undefined ? tag.planned : before !== digest;
    parts.ended(moved ? 'moved' : 'same');
    if (tag.planned && (!wasPlanned || moved)) changed();
  };

  return {
    open() {
      tags.clear();
      asked.clear();
      unfit.clear();
      moving = new Map();
      takenUntilMs = -Infinity;
      dueMs = Infinity;
    },
    look(cohorts, nodes, now) {
      moving = movingTags(cohorts, settings);
      for (const [node, untilMs] of unfit) if (untilMs <= now) unfit.delete(node);
      follow(now);
      waitForScouts(now);
      begin(cohorts, nodes, now);
      dueMs = Infinity;
      for (const { scout, dueMs: turnMs } of tags.values())
        dueMs = Math.min(dueMs, scout ? scoutDueMs(scout) : Math.max(turnMs, now + BATCH_MS));
      const found = new Map(
        [...tags].flatMap(([image, { planned, digest }]) => (planned && digest !== undefined ? [[image, digest]] : [])),
      );
      if (!isDeepStrictEqual(found, wanted)) wanted = found;
      return wanted;
    },
    nextDueMs: () => dueMs,
    asksOf: node => [...(asked.get(node) ?? [])],
    looked(node, results) {
      const now = clock.monotonicMs();
      for (const { image, digest, failure } of results) {
        const tag = tags.get(image);
        if (tag?.scout?.node !== node) continue;
        if (digest !== undefined) learn(image, tag, digest, now);
        else {
          parts.ended('failed');
          fail(image, tag, failure ?? NO_RESULT, now);
          changed();
        }
      }
    },
    heard(node, cells) {
      for (const cell of cells) {
        const tag = tags.get(cell.image);
        if (tag?.digest === undefined || tag.planned || !holdsOther(cell.image, tag.digest, node, cell)) continue;
        tag.planned = true;
        changed();
      }
    },
    outdated(image) {
      const tag = tags.get(image);
      if (tag === undefined || tag.scout !== undefined) return;
      const now = clock.monotonicMs();
      if (tag.last?.node !== undefined) unfit.set(tag.last.node, now + UNFIT_MS);
      tag.dueMs = Math.min(tag.dueMs, Math.max(now, (tag.last?.atMs ?? -Infinity) + settings.minIntervalMs));
      changed();
    },
    view: () =>
      [...tags].map(([image, { dueMs: turnMs, digest, scout, last }]) => ({
        image,
        intervalMs: moving.get(image)?.intervalMs ?? settings.intervalMs,
        dueMs: turnMs,
        digest,
        scout: scout?.node,
        last,
      })),
  };
}

const NO_SCOUT: LookFailure = {
  kind: 'NoScout',
  message: 'no node that wants the image looked up has an agent that reports',
};
const NO_RESULT: Failure = { kind: 'Unknown', message: 'the agent told neither contents nor why' };

function differs({ digests = [] }: CellReport, digest: string): boolean {
  return digests.length > 0 && !namesDigest(digests, digest);
}
