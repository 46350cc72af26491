import { errorText, type Failure, type ImageRef } from '@kube-prefetch/protocol';
import {
  type ImageRuntime,
  type Progress,
  PullFailure,
  type RegistryAuth,
  RuntimeUnavailable,
} from '@kube-prefetch/runtime';
import type { Clock } from '@kube-prefetch/time';
import { CredentialsMissing, type Tries, type Try, type WantedTries } from '../credentials/gather-tries.ts';
import { meansRefused, pullInTurn } from '../credentials/try-in-turn.ts';
import type { CancelOrder, PullOrder } from '../decide/choose-pulls.ts';
import type { PullEnd } from '../decide/image-history.ts';
import {
  describeStall,
  givenUpAtMs,
  movePace,
  type RunningPull,
  type StallLimits,
  startPace,
} from '../decide/judge-stall.ts';

const MAX_FAILURE_LENGTH = 512;
const STALL_LOOKS_PER_TIMEOUT = 4;
/** containerd has deleted the partial data of a cancelled pull after 0.7 s at most. */
const SETTLE_MS = 3_000;
const OVER_LIMIT =
  "stopped, because the images' file system is fuller than disk-max-used-percent allows and the kubelet would soon delete images";
/** A timer that fires this much too late means that the process, or the whole machine, was paused. */
const PAUSED_MS = 5_000;

/** The pulls that run now: at most one per image. */
export interface Pulls {
  /** A copy: later changes do not show in it. */
  running(): ReadonlyMap<ImageRef, RunningPull>;
  start(order: PullOrder): void;
  /** The pull stays among the running ones until the runtime has let go of it. */
  cancel(image: ImageRef, why: CancelOrder['why']): void;
  /** From now on this many bytes of the disk are kept free for the pull. */
  count(image: ImageRef, sizeBytes: number): void;
  /** Whether a pull was stopped for the disk so lately that the runtime may still be deleting what it wrote. */
  settling(): boolean;
  /** Cancels all and resolves when none runs. */
  stop(): Promise<void>;
}

export interface PullsParts {
  readonly runtime: Pick<ImageRuntime, 'pull'>;
  /** Throws CredentialsMissing. */
  readonly gather: (wanted: WantedTries, signal: AbortSignal) => Promise<Tries>;
  readonly clock: Clock;
  readonly limits: StallLimits;
  /** Called once the pull is no longer among the running ones. */
  readonly ended: (pull: RunningPull, end: PullEnd) => void;
  readonly progressed: () => void;
  /** A pull that waited for credentials has them. */
  readonly gathered: () => void;
  /** Called when a running pull turns out larger than the size that it counts with. */
  readonly grew: (image: ImageRef, totalBytes: number) => void;
}

interface Entry {
  pull: RunningPull;
  readonly abort: AbortController;
  done: Promise<void>;
}

class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

class OverLimit extends Error {
  override readonly name = 'OverLimit';
}

class Stalled extends Error {
  override readonly name = 'Stalled';
}

export function createPulls(parts: PullsParts): Pulls {
  const entries = new Map<ImageRef, Entry>();

  let settledAtMs = Number.NEGATIVE_INFINITY;

  const stop = (image: ImageRef, reason: Error) => {
    const entry = entries.get(image);
    if (entry === undefined) return;
    if (reason instanceof OverLimit) settledAtMs = parts.clock.monotonicMs() + SETTLE_MS;
    entry.pull = { ...entry.pull, cancelled: true };
    entry.abort.abort(reason);
  };

  return {
    running: () => new Map([...entries].map(([image, entry]) => [image, entry.pull])),
    start(order) {
      const { image, withoutPermit, sizeBytes } = order;
      if (entries.has(image)) throw new Error(`a second pull of ${image} was to start while one runs`);
      const now = parts.clock.monotonicMs();
      const timing = { startedAtMs: now, changedAtMs: now, pace: startPace(now) };
      const state = { progress: undefined, cancelled: false, gathering: order.ask };
      const pull: RunningPull = { image, withoutPermit, sizeBytes, ...timing, ...state };
      const entry: Entry = { pull, abort: new AbortController(), done: Promise.resolve() };
      entries.set(image, entry);
      entry.done = run(entry, order, parts).then(end => {
        entries.delete(image);
        parts.ended(entry.pull, end);
      });
    },
    cancel: (image, why) => stop(image, why === 'overLimit' ? new OverLimit(OVER_LIMIT) : new Cancelled(why)),
    count(image, sizeBytes) {
      const entry = entries.get(image);
      if (entry !== undefined) entry.pull = { ...entry.pull, sizeBytes };
    },
    settling: () => parts.clock.monotonicMs() < settledAtMs,
    async stop() {
      for (const image of entries.keys()) stop(image, new Cancelled('the agent ends'));
      await Promise.all([...entries.values()].map(entry => entry.done));
    },
  };
}

/** Never rejects. */
async function run(entry: Entry, order: PullOrder, parts: PullsParts): Promise<PullEnd> {
  const { clock, limits, progressed, grew } = parts;
  const watch = new AbortController();
  const watching = untilStalled(clock, () => entry.pull, limits, watch.signal).then(
    sentence => entry.abort.abort(new Stalled(sentence)),
    () => {},
  );
  const note = (progress: Progress) => {
    const before = entry.pull;
    const { totalBytes = 0 } = progress;
    if (!moved(before.progress, progress)) return;
    const now = clock.monotonicMs();
    entry.pull = { ...before, progress, changedAtMs: now, pace: movePace(before.pace, progress.doneBytes, now) };
    progressed();
    const known = Math.max(before.sizeBytes ?? 0, before.progress?.totalBytes ?? 0);
    if (totalBytes > known) grew(before.image, totalBytes);
  };
  let brought: string | undefined;
  try {
    const { value, credential } = await pullInTurn({
      async gather(refused) {
        const tries = await gather(entry, { ...order, refused }, parts);
        ({ brought } = tries);
        return tries;
      },
      pull: one => parts.runtime.pull(order.image, authOf(one), note, entry.abort.signal),
      lastCredential: order.lastCredential,
    });
    const elapsedMs = Math.round(clock.monotonicMs() - entry.pull.startedAtMs);
    const pull = {
      elapsedMs,
      doneBytes: entry.pull.progress?.doneBytes,
      ...(credential !== undefined && { credential }),
      ...(order.digest !== undefined && { digest: order.digest }),
    };
    return { result: 'pulled', pull, countBytes: value.countBytes };
  } catch (error) {
    const reason: unknown = entry.abort.signal.reason;
    if (reason instanceof Cancelled) return { result: 'cancelled', why: reason.message };
    if (error instanceof CredentialsMissing)
      return { result: 'waits', because: error.message.slice(0, MAX_FAILURE_LENGTH) };
    const failure = describe(reason ?? error);
    const refused = meansRefused(failure) ? brought : undefined;
    return { result: 'failed', failure: { ...failure, phase: entry.pull.progress?.phase, refused } };
  } finally {
    watch.abort();
    await watching;
  }
}

/** What is being gathered takes no slot. */
async function gather(entry: Entry, wanted: PullOrder & WantedTries, parts: PullsParts): Promise<Tries> {
  const { signal } = entry.abort;
  entry.pull = { ...entry.pull, gathering: wanted.ask };
  const tries = await parts.gather(wanted, signal);
  signal.throwIfAborted();
  entry.pull = { ...entry.pull, gathering: false };
  if (wanted.waited) parts.gathered();
  return tries;
}

function authOf(one: Try): RegistryAuth | undefined {
  if (one === 'anonymous') return undefined;
  const { username, password, identityToken } = one;
  return { username, password, ...(identityToken !== undefined && { identityToken }) };
}

/**
 * Resolves with a sentence once the pull has stood still for too long; rejects when the signal aborts. A pause of this process
 * counts as a change, because nobody watched the pull meanwhile.
 */
export async function untilStalled(
  clock: Clock,
  look: () => RunningPull,
  limits: StallLimits,
  signal: AbortSignal,
): Promise<string> {
  for (let resumedAtMs = 0; ; ) {
    const pull = notBefore(resumedAtMs, look());
    const now = clock.monotonicMs();
    const dueMs = givenUpAtMs(pull, limits);
    if (now >= dueMs) return describeStall(pull, now);
    // Not until the due time: the first progress seen brings it closer.
    const nextMs = Math.min(dueMs, now + limits.stallTimeoutMs / STALL_LOOKS_PER_TIMEOUT);
    await clock.sleep(nextMs - now, signal);
    if (clock.monotonicMs() > nextMs + PAUSED_MS) resumedAtMs = clock.monotonicMs();
  }
}

function notBefore(ms: number, pull: RunningPull): RunningPull {
  return { ...pull, startedAtMs: Math.max(ms, pull.startedAtMs), changedAtMs: Math.max(ms, pull.changedAtMs) };
}

function moved(before: Progress | undefined, after: Progress): boolean {
  return before?.phase !== after.phase || before.doneBytes !== after.doneBytes;
}

function describe(error: unknown): Failure {
  const message = errorText(error).slice(0, MAX_FAILURE_LENGTH);
  if (error instanceof Stalled) return { kind: 'Stalled', message };
  if (error instanceof OverLimit) return { kind: 'DiskFull', message };
  if (error instanceof RuntimeUnavailable) return { kind: 'RuntimeUnavailable', message };
  return { kind: error instanceof PullFailure ? error.kind : 'Unknown', message };
}
