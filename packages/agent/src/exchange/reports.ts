import type { Log } from '@kube-prefetch/process';
import {
  type AgentApi,
  type CellReport,
  type Failure,
  type ImageRef,
  type NodeReport,
  type Plan,
} from '@kube-prefetch/protocol';
import type { RuntimeVersion, Space } from '@kube-prefetch/runtime';
import { type Clock, type Random, createTrigger } from '@kube-prefetch/time';
import type { Cell } from '../decide/judge-cells.ts';
import type { Looks } from '../looks/answer-looks.ts';
import { type Contact, createAttempts } from './attempts.ts';
import { type PullOf, createCellLabels } from './label-cells.ts';

/**
 * Urgent is the first report about a new plan, one that says that its last image has arrived or that an image is gone, and one to a
 * coordinator that knows nothing of this node. Other changes wait for more: while images arrive, one report for each costs too much.
 * The first report about a new plan with images to pull waits as long since the plan: then it can say that pulls run, instead of that
 * they wait for permits. Not where an image is Stale: until a report says so the coordinator takes it for warm.
 */
const SPACING_MS = { urgent: 250, ordinary: 1_000 };
/** Where the end of no poll asks for a report before. */
const LONGEST_SILENCE_MS = 55_000;
/** Whoever reported so lately need not say again that it lives. */
const LATELY_MS = 5_000;
const MAX_RUNTIME_NAME_LENGTH = 64;

/** What the line found, or why it found nothing. */
export interface LookResult {
  readonly plan: Plan | undefined;
  /** Undefined if it did not answer: reports then name the one that answered last. */
  readonly runtime: RuntimeVersion | undefined;
  /** Of the disk that holds the images; undefined where the look failed. */
  readonly space?: Space | 'unknown';
  readonly failure?: Failure;
  readonly cells: readonly Cell[];
}

/** Sends the coordinator what changed, and everything when it wants that or when an answer was lost. */
export interface Reports {
  /** Replaces what there is to report. */
  offer(result: LookResult): void;
  /** A running pull has moved. */
  progressed(): void;
  /**
   * Says that the agent lives, unless it has reported lately. Resolves when the coordinator knows everything, or a report has failed.
   * Between two polls the report goes over the connection of the polls: a second one that stands for the reports would cost the
   * coordinator as much as the first.
   */
  beat(): Promise<void>;
  /**
   * As `beat`, for a coordinator that may know nothing of this node: it is told everything, unless it has been since `lostMs`, when the
   * one before was lost.
   */
  beatAfterLoss(lostMs: number): Promise<void>;
  /** Resolves when the next report has been taken, or has failed. */
  next(): Promise<void>;
  /** A tag was looked up: the coordinator waits for it. */
  looked(): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface ReportsParts {
  readonly api: Pick<AgentApi, 'report'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly agent: NodeReport['agent'];
  readonly pullOf: PullOf;
  readonly looks: Pick<Looks, 'results' | 'told' | 'asked'>;
  readonly contact: Contact;
}

export function createReports(parts: ReportsParts): Reports {
  const { api, clock } = parts;
  const wake = createTrigger(clock);
  const attempts = createAttempts(parts, 'the coordinator did not take a report');
  const labels = createCellLabels(clock);
  let latest: LookResult | undefined;
  let news: keyof typeof SPACING_MS | undefined;
  let sequence = 0;
  let sentMs = Number.NEGATIVE_INFINITY;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  let beats: PromiseWithResolvers<void> | undefined;
  /** What the coordinator has acknowledged; undefined where it needs everything. */
  let told: Told | undefined;

  const send = async ({ plan, runtime, space, failure, cells }: LookResult, signal: AbortSignal) => {
    const labelled = labels.label(cells, parts.pullOf);
    const before = told;
    const looked = parts.looks.results();
    told = undefined; // If the answer is lost, nobody knows whether the coordinator took the report.
    sequence += 1;
    const report: NodeReport = {
      agent: parts.agent,
      sequence,
      full: before === undefined,
      planRevision: plan?.revision,
      runtime: {
        name: shorten(runtime?.name),
        version: shorten(runtime?.version),
        failure,
        ...(space === 'unknown' && { diskUnseen: true }),
      },
      ...(before === undefined ? { cells: [...labelled], gone: [] } : changesBetween(before, labelled)),
      ...(looked.length > 0 && { looked: [...looked] }),
    };
    const answer = await api.report(report, signal);
    attempts.answered();
    parts.looks.told(looked);
    parts.looks.asked(answer.looks ?? []);
    if (!answer.sendFull) told = toldBy(labelled);
    return answer.sendFull && before !== undefined;
  };

  const readyMs = () => {
    if (latest === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(notBeforeMs, sentMs + (news === undefined ? LONGEST_SILENCE_MS : SPACING_MS[news]));
  };
  const nextBeat = () => (beats ??= Promise.withResolvers()).promise;
  const reportAndBeat = async () => {
    if (latest === undefined) return;
    news ??= 'ordinary';
    wake.fire();
    await nextBeat();
  };
  const beaten = () => {
    beats?.resolve();
    beats = undefined;
  };

  return {
    offer(found) {
      const next = { ...found, runtime: found.runtime ?? latest?.runtime };
      if (latest !== undefined && sameResult(latest, next)) return;
      if (isUrgent(latest, next)) news = 'urgent';
      if (latest !== undefined && isOtherPlan(latest, next) && !isComplete(next.cells) && !hasStale(next.cells))
        notBeforeMs = clock.monotonicMs() + SPACING_MS.urgent;
      latest = next;
      news ??= 'ordinary';
      wake.fire();
    },
    progressed() {
      if (news !== undefined) return;
      news = 'ordinary';
      wake.fire();
    },
    async beat() {
      if (clock.monotonicMs() - sentMs >= LATELY_MS) await reportAndBeat();
    },
    async beatAfterLoss(lostMs) {
      if (sentMs <= lostMs) {
        told = undefined;
        await reportAndBeat();
      } else if (told === undefined) await nextBeat(); // That report is on its way, or is tried again.
    },
    next: nextBeat,
    looked() {
      news = 'urgent';
      wake.fire();
    },
    async run(signal) {
      for (;;) {
        await wake.next(readyMs(), signal);
        if (latest === undefined || clock.monotonicMs() < readyMs()) continue;
        sentMs = clock.monotonicMs();
        news = undefined;
        try {
          if (await send(latest, signal)) news = 'urgent';
          else beaten();
        } catch (error) {
          news = 'urgent';
          beaten();
          await attempts.failed(error, signal);
        }
      }
    },
  };
}

function shorten(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_RUNTIME_NAME_LENGTH);
}

function isComplete(cells: readonly Cell[]): boolean {
  return cells.every(({ state }) => state === 'Present');
}

function hasStale(cells: readonly Cell[]): boolean {
  return cells.some(({ state }) => state === 'Stale');
}

/** Most looks change nothing. */
function sameResult(a: LookResult, b: LookResult): boolean {
  return (
    JSON.stringify([a.plan?.revision, a.runtime, a.space === 'unknown', a.failure, a.cells]) ===
    JSON.stringify([b.plan?.revision, b.runtime, b.space === 'unknown', b.failure, b.cells])
  );
}

function isOtherPlan(before: LookResult, { plan }: LookResult): boolean {
  return before.plan?.revision !== plan?.revision;
}

/** Whether the plan is another one, its last image has arrived, or an image is, as far as is known, no longer present. */
function isUrgent(before: LookResult | undefined, found: LookResult): boolean {
  if (before === undefined || isOtherPlan(before, found)) return true;
  const { cells } = found;
  if (isComplete(cells) && !isComplete(before.cells)) return true;
  const present = new Set(cells.flatMap(({ image, state }) => (state === 'Present' ? [image] : [])));
  return before.cells.some(({ image, state }) => state === 'Present' && !present.has(image));
}

/** What reports said of each image, as JSON. */
type Told = ReadonlyMap<ImageRef, string>;

function toldBy(cells: readonly CellReport[]): Told {
  return new Map(cells.map(cell => [cell.image, JSON.stringify(cell)]));
}

/** What a report must say to a coordinator that knows `before`. */
function changesBetween(
  before: Told,
  cells: readonly CellReport[],
): { readonly cells: CellReport[]; readonly gone: ImageRef[] } {
  const now = new Set(cells.map(cell => cell.image));
  return {
    cells: cells.filter(cell => before.get(cell.image) !== JSON.stringify(cell)),
    gone: [...before.keys()].filter(image => !now.has(image)),
  };
}
