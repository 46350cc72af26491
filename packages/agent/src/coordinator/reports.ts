import type { AgentApi, Failure, NodeReport, Plan } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import type { RuntimeVersion } from '@kube-prefetch/runtime';
import { type Clock, createTrigger, type Random } from '@kube-prefetch/time';
import type { Cell } from '../decide/cell.ts';
import { createCellLabels, type PullOf } from './label-cells.ts';
import { createAttempts } from './attempts.ts';
import type { Contact } from './contact.ts';
import { changesBetween, type Told, toldBy } from './report-changes.ts';

/**
 * A new plan's cells, that the last image is there, that one is gone, or that a coordinator knows nothing: none of it waits for more
 * news. The rest does: while images arrive, a report of each change would cost node and coordinator, and nobody reads so fast.
 */
const SPACING_MS = { urgent: 250, ordinary: 1_000 };
const MAX_RUNTIME_NAME_LENGTH = 64;
/** With nothing new to say: that this agent is alive. */
const HEARTBEAT_MS = 20_000;

/** What the line found, or why it could not. */
export interface Finding {
  readonly plan: Plan | undefined;
  /** As it answered this time; undefined where it did not: the last answer then still says which one it is. */
  readonly runtime: RuntimeVersion | undefined;
  readonly failure?: Failure;
  readonly cells: readonly Cell[];
}

/** Tells the coordinator what changed, soon, and everything when it asks or an answer was lost. */
export interface Reports {
  /** Replaces what there is to tell. */
  offer(finding: Finding): void;
  /** A running pull moved on. */
  progressed(): void;
  run(signal: AbortSignal): Promise<never>;
}

export interface ReportsParts {
  readonly api: Pick<AgentApi, 'report'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly agent: NodeReport['agent'];
  readonly pullOf: PullOf;
  readonly contact: Contact;
}

export function createReports(parts: ReportsParts): Reports {
  const { api, clock } = parts;
  const wake = createTrigger(clock);
  const attempts = createAttempts(parts, 'the coordinator did not take a report');
  const labels = createCellLabels(clock);
  let finding: Finding | undefined;
  let news: keyof typeof SPACING_MS | undefined;
  let sequence = 0;
  /** What the coordinator acknowledged; undefined: it needs everything. */
  let told: Told | undefined;

  const send = async ({ plan, runtime, failure, cells }: Finding, signal: AbortSignal) => {
    const labelled = labels.label(cells, parts.pullOf);
    const before = told;
    told = undefined; // Whether an answer that is lost had been acted on cannot be known.
    sequence += 1;
    const report: NodeReport = {
      agent: parts.agent,
      sequence,
      full: before === undefined,
      planRevision: plan?.revision,
      runtime: { name: cut(runtime?.name), version: cut(runtime?.version), failure },
      ...(before === undefined ? { cells: [...labelled], gone: [] } : changesBetween(before, labelled)),
    };
    const answer = await api.report(report, signal);
    attempts.answered();
    if (!answer.sendFull) told = toldBy(labelled);
    return answer.sendFull && before !== undefined;
  };

  const readyMs = (sentMs: number) => {
    if (finding === undefined) return Number.POSITIVE_INFINITY;
    return sentMs + (news === undefined ? HEARTBEAT_MS : SPACING_MS[news]);
  };

  return {
    offer(found) {
      const next = { ...found, runtime: found.runtime ?? finding?.runtime };
      if (finding !== undefined && sameFinding(finding, next)) return;
      if (isUrgent(finding, next)) news = 'urgent';
      finding = next;
      news ??= 'ordinary';
      wake.fire();
    },
    progressed() {
      if (news !== undefined) return;
      news = 'ordinary';
      wake.fire();
    },
    async run(signal) {
      for (let sentMs = Number.NEGATIVE_INFINITY; ; ) {
        await wake.next(readyMs(sentMs), signal);
        if (finding === undefined || clock.monotonicMs() < readyMs(sentMs)) continue;
        sentMs = clock.monotonicMs();
        news = undefined;
        try {
          if (await send(finding, signal)) news = 'urgent';
        } catch (error) {
          news = 'urgent';
          await attempts.failed(error, signal);
        }
      }
    },
  };
}

function cut(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_RUNTIME_NAME_LENGTH);
}

function isComplete(cells: readonly Cell[]): boolean {
  return cells.every(({ state }) => state === 'Present');
}

/** The line offers after every look; mostly nothing has changed. */
function sameFinding(a: Finding, b: Finding): boolean {
  return (
    JSON.stringify([a.plan?.revision, a.runtime, a.failure, a.cells]) ===
    JSON.stringify([b.plan?.revision, b.runtime, b.failure, b.cells])
  );
}

/** Whether the plan is another one, or its last image is there, or something that was there is not, or not known to be. */
function isUrgent(before: Finding | undefined, { plan, cells }: Finding): boolean {
  if (before === undefined || before.plan?.revision !== plan?.revision) return true;
  if (isComplete(cells) && !isComplete(before.cells)) return true;
  const present = new Set(cells.flatMap(({ image, state }) => (state === 'Present' ? [image] : [])));
  return before.cells.some(({ image, state }) => state === 'Present' && !present.has(image));
}
