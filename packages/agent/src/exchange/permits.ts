import type { Log } from '@kube-prefetch/process';
import type { AgentApi, ImageRef, PermitAnswer, PermitRequest } from '@kube-prefetch/protocol';
import { type Clock, type Random, createTrigger, linkSignals } from '@kube-prefetch/time';
import type { Alone, Chosen } from '../decide/choose-pulls.ts';
import { type Contact, createAttempts } from './attempts.ts';

const MAX_WAIT_MS = 20_000;
/** Between two equal requests, also where the first was answered before its wait was over. */
const LEAST_ROUND_MS = 500;

/** The pull permits of this node: requested for what it wants, renewed for what it pulls. */
export interface NodePermits {
  /** Images whose permit has not expired. */
  granted(now: number): ReadonlySet<ImageRef>;
  /** Replaces what is wanted. Permits for images that are neither wanted nor being pulled go back. */
  want(wanted: Chosen['wanted']): void;
  /** Undefined while a coordinator answers. */
  alone(): Alone | undefined;
  run(signal: AbortSignal): Promise<never>;
}

export interface PermitsParts {
  readonly api: Pick<AgentApi, 'permits'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly running: () => Iterable<ImageRef>;
  readonly noteSize: (image: ImageRef, sizeBytes: number) => void;
  readonly newlyGranted: () => void;
  /** Called after each failed request. */
  readonly failed: () => void;
  readonly contact: Contact;
}

export function createPermits(parts: PermitsParts): NodePermits {
  const { api, clock } = parts;
  const wake = createTrigger(clock);
  const attempts = createAttempts(parts, 'no permits from the coordinator');
  const expiries = new Map<ImageRef, number>();
  let wanted: Chosen['wanted'] = [];
  let alone: Alone | undefined;
  let ttlMs = MAX_WAIT_MS * 3;
  /** What the coordinator knows, or is being told. */
  let told = keyOf({ holding: [], wanting: [], waitMs: 0 });
  let superseded = new AbortController();

  const granted = (now: number) => new Set([...expiries].filter(([, ms]) => ms > now).map(([image]) => image));

  const request = (now: number): PermitRequest => {
    const permitted = granted(now);
    const ahead = wanted.map(({ image }) => image).filter(image => permitted.has(image));
    const wanting = wanted.filter(({ image }) => !permitted.has(image));
    const waitMs = wanting.length === 0 ? 0 : Math.floor(Math.min(MAX_WAIT_MS, ttlMs / 3));
    return { holding: [...new Set([...parts.running(), ...ahead])], wanting, waitMs };
  };

  const accept = (answer: PermitAnswer, sentMs: number) => {
    const before = granted(clock.monotonicMs());
    ttlMs = answer.ttlMs;
    for (const { image, sizeBytes } of answer.granted) {
      expiries.set(image, sentMs + ttlMs);
      if (sizeBytes !== undefined) parts.noteSize(image, sizeBytes);
    }
    return answer.granted.some(({ image }) => !before.has(image));
  };

  /** Returns when to send again although nothing changed. */
  const exchange = async (signal: AbortSignal): Promise<number> => {
    const sentMs = clock.monotonicMs();
    const body = request(sentMs);
    told = keyOf(body);
    superseded = new AbortController();
    const until = linkSignals(signal, superseded.signal);
    const answer = await api.permits(body, until.signal).finally(until.unlink);
    attempts.answered();
    alone = undefined;
    const hasNew = accept(answer, sentMs);
    const { holding, wanting } = request(clock.monotonicMs());
    told = keyOf({ holding, wanting, waitMs: 0 });
    if (hasNew) parts.newlyGranted();
    if (wanting.length > 0) return sentMs + LEAST_ROUND_MS;
    return holding.length > 0 ? sentMs + ttlMs / 3 : Number.POSITIVE_INFINITY;
  };

  return {
    granted,
    alone: () => alone,
    want(next) {
      wanted = next;
      const keep = new Set([...parts.running(), ...next.map(({ image }) => image)]);
      for (const image of expiries.keys()) if (!keep.has(image)) expiries.delete(image);
      if (keyOf(request(clock.monotonicMs())) === told) return;
      superseded.abort();
      wake.fire();
    },
    async run(signal) {
      for (let dueMs = Number.POSITIVE_INFINITY; ; ) {
        await wake.next(dueMs, signal);
        try {
          dueMs = await exchange(signal);
        } catch (error) {
          dueMs = clock.monotonicMs();
          if (superseded.signal.aborted && !signal.aborted) continue;
          alone = { sinceMs: alone?.sinceMs ?? dueMs, lastTryMs: dueMs };
          parts.failed();
          await attempts.failed(error, signal);
        }
      }
    },
  };
}

/** Equal for requests that say the same. */
function keyOf({ holding, wanting }: PermitRequest): string {
  return JSON.stringify([holding.toSorted(), wanting]);
}
