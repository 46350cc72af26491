import { ApiError, errorText, resourceName, type ResourceRef, type ResourcesView } from '@kube-prefetch/protocol';
import { DeadlineExceeded, withDeadline } from '@kube-prefetch/time';
import { KubeRefusal } from '../connect/kube.ts';
import type { Context } from '../connect/context.ts';
import { CliError, EXIT } from '../print/cli-error.ts';
import { withoutHint } from '../print/explanations.ts';
import { bar, bytesText, durationText, percent } from '../print/quantities.ts';
import type { ResourceEntry } from '../print/status-table.ts';
import { inCommands, longName, parseResourceName, shortName, type WrittenResource } from '../print/resource-name.ts';
import { entryMeant, noSuchResource } from './choose-entries.ts';
import { judgeWait, type WaitGoal, type WaitVerdict } from './judge-wait.ts';

export interface WaitOptions {
  readonly for: WaitGoal;
  readonly timeout: number;
}

/** The truth is told within a second: the coordinator takes part of it to notice. */
const LOOK_EVERY_MS = 500;
/** A resource that was made just now may not have been read yet. */
const APPEARS_WITHIN_MS = 10_000;
/** A log of a pipeline gets a line so often while nothing but counts changes. */
const SAY_EVERY_MS = 10_000;

/** Until every resource is where it should be, or one cannot get there. */
export async function waitFor(context: Context, names: readonly string[], options: WaitOptions): Promise<void> {
  const wanted = names.map(parseResourceName);
  await waitUntil(context, wanted, options);
  for (const name of names)
    context.terminal.out(`${name} ${options.for === 'warm' ? 'is warm' : `is ${options.for}% warm`}\n`);
}

/** Throws CliError: `no` where it can never be, `timeout`. */
export async function waitUntil(
  context: Context,
  wanted: readonly WrittenResource[],
  { for: goal, timeout }: WaitOptions,
): Promise<void> {
  const { clock, signal } = context;
  const progress = createProgressLines(
    context,
    wanted.map(({ name }) => name),
  );
  try {
    await withDeadline(clock, timeout, signal, 'the wait', inTime =>
      lookUntil({ ...context, signal: inTime }, wanted, goal, progress),
    );
  } catch (error) {
    if (!(error instanceof DeadlineExceeded)) throw error;
    throw new CliError(`not warm after ${durationText(timeout)}: ${progress.last()}`, {
      exitCode: EXIT.timeout,
      hints: wanted.map(written => `Why: kubectl prefetch explain ${inCommands(written, context.namespace())}`),
    });
  } finally {
    progress.end();
  }
}

async function lookUntil(
  context: Context,
  wanted: readonly WrittenResource[],
  goal: WaitGoal,
  progress: ProgressLines,
): Promise<void> {
  const { clock, signal, views, namespace } = context;
  const generations = new Map<string, number | undefined>();
  const find = createFinder(context);
  const following = views.follow({ namespace: namespace(), name: wanted.map(({ name }) => name) });
  try {
    for (;;) {
      const answer = await lookOrSay(context, progress, () => following.look(signal));
      const found = wanted.map(written => find(answer, written));
      const judged =
        answer &&
        (await lookOrSay(context, progress, () =>
          Promise.all(found.map(async entry => entry && judgeEntry(context, entry, goal, generations))),
        ));
      if (judged !== undefined) {
        failIfNever(found, judged);
        if (judged.every(verdict => verdict?.is === 'reached')) return;
        progress.show(found, judged);
      }
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    following.close();
  }
}

/** Undefined while it may still appear: an answer without it counts only as long as answers follow, because another one may lead. */
function createFinder({ clock, namespace }: Context) {
  const absentSince = new Map<WrittenResource, number>();
  return (answer: ResourcesView | undefined, written: WrittenResource): ResourceEntry | undefined => {
    const entry = answer && entryMeant(answer, written, namespace());
    const since = absentSince.get(written) ?? clock.monotonicMs();
    if (answer === undefined || entry !== undefined) absentSince.delete(written);
    else absentSince.set(written, since);
    if (answer !== undefined && entry === undefined && clock.monotonicMs() > since + APPEARS_WITHIN_MS)
      throw noSuchResource(written, namespace());
    return entry;
  };
}

/** What the coordinator does not answer now it may answer later: the time for that is the person's. */
async function lookOrSay<T>(
  { signal }: Context,
  progress: ProgressLines,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApiError)) throw error;
    progress.say(errorText(error));
    return undefined;
  }
}

async function judgeEntry(
  context: Context,
  { resource, status }: ResourceEntry,
  goal: WaitGoal,
  generations: Map<string, number | undefined>,
): Promise<WaitVerdict> {
  const name = resourceName(resource);
  // A change that was made before this began counts; one that is made meanwhile need not.
  if (!generations.has(name)) generations.set(name, await generationOf(context, resource));
  return judgeWait(status, goal, generations.get(name));
}

/** As the API server has it. Undefined where that cannot be asked: then what the coordinator knows counts. */
async function generationOf(
  { kube, signal }: Context,
  { kind, namespace, name }: ResourceRef,
): Promise<number | undefined> {
  const server = kube();
  if (server === undefined || kind.includes('.')) return undefined;
  const place = namespace === undefined ? 'clusterprefetches' : `namespaces/${namespace}/prefetches`;
  try {
    const { metadata } = await server.call(
      { method: 'GET', path: `/apis/kube-prefetch.io/v1alpha1/${place}/${encodeURIComponent(name)}` },
      signal,
    );
    return typeof metadata?.generation === 'number' ? metadata.generation : undefined;
  } catch (error) {
    if (error instanceof KubeRefusal) return undefined;
    throw error;
  }
}

function failIfNever(
  found: readonly (ResourceEntry | undefined)[],
  judged: readonly (WaitVerdict | undefined)[],
): void {
  const never = judged.flatMap((verdict, index) => {
    const entry = found[index];
    return verdict?.is === 'never' && entry !== undefined ? [{ entry, verdict }] : [];
  });
  const [first] = never;
  if (first === undefined) return;
  throw new CliError(`${longName(first.entry.resource)} cannot become warm as it is`, {
    exitCode: EXIT.no,
    hints: never.flatMap(({ verdict }) => (verdict.is === 'never' ? verdict.because : [])),
  });
}

interface ProgressLines {
  show(found: readonly (ResourceEntry | undefined)[], judged: readonly (WaitVerdict | undefined)[]): void;
  say(text: string): void;
  /** What was said last. */
  last(): string;
  end(): void;
}

/** On a terminal one line that changes; elsewhere a line when the reason changes, and one every ten seconds. */
function createProgressLines({ terminal, clock }: Context, names: readonly string[]): ProgressLines {
  let last = 'no answer yet';
  let saidReason = '';
  let saidMs = -Infinity;
  let drawn = false;
  const say = (reason: string, text: string) => {
    last = text;
    if (terminal.errLive) {
      drawn = true;
      terminal.err(`\r\u001b[K${text.slice(0, terminal.columns() - 1)}`);
      return;
    }
    if (reason === saidReason && clock.monotonicMs() < saidMs + SAY_EVERY_MS) return;
    [saidReason, saidMs] = [reason, clock.monotonicMs()];
    terminal.err(`${text}\n`);
  };
  return {
    show(found, judged) {
      const waiting = judged.findIndex(verdict => verdict?.is !== 'reached');
      const entry = found[waiting];
      const verdict = judged[waiting];
      if (entry === undefined) return say(`absent ${waiting}`, `the coordinator has not read ${names[waiting]} yet`);
      const state = entry.status.conditions.find(({ type }) => type === 'Warm')?.reason ?? '';
      const because = verdict?.is === 'waiting' ? verdict.because : '';
      say(`${shortName(entry.resource)} ${state}`, progressText(entry, because, terminal.errLive));
    },
    say: text => say(text, text),
    last: () => last,
    end() {
      if (drawn) terminal.err('\r\u001b[K');
    },
  };
}

function progressText({ resource, status, progress }: ResourceEntry, because: string, drawn: boolean): string {
  const { present, cells } = status.summary;
  const share = drawn ? `${bar(present, cells)} ${percent(present, cells)}% ` : '';
  const rate =
    progress && progress.bytesPerSecond > 0 && progress.missingBytes > 0
      ? `, ${bytesText(progress.bytesPerSecond)}/s, ${durationText(
          (Math.max(0, progress.missingBytes - progress.doneBytes) * 1_000) / progress.bytesPerSecond,
        )} left`
      : '';
  // At the end of its time a wait says by itself what to ask.
  return `${shortName(resource)} ${share}${withoutHint(because)}${rate}`;
}
