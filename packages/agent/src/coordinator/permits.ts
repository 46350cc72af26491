import type { AgentApi, ImageRef, PermitAnswer, PermitRequest } from '@kube-prefetch/protocol';
import type { Log } from '@kube-prefetch/process';
import { type Clock, createTrigger, linkSignals, type Random } from '@kube-prefetch/time';
import type { Alone, Chosen } from '../decide/choose-pulls.ts';
import { createAttempts } from './attempts.ts';
import type { Contact } from './contact.ts';

const MAX_WAIT_MS = 20_000;
/** Between two requests that say the same, also when the first was answered before its wait ended. */
const LEAST_ROUND_MS = 500;

/** Pull permits: what this node holds and wants, kept alive for as long as it does. */
export interface Permits {
  /** Images whose permit has not expired. */
  held(now: number): ReadonlySet<ImageRef>;
  /** Replaces what is wanted; permits of what neither runs nor is wanted go back. */
  want(ask: Chosen['ask']): void;
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
  readonly granted: () => void;
  /** Called whenever a request was in vain. */
  readonly changed: () => void;
  readonly contact: Contact;
}

export function createPermits(parts: PermitsParts): Permits {
  const { api, clock } = parts;
  const wake = createTrigger(clock);
  const attempts = createAttempts(parts, 'no permits from the coordinator');
  const expiries = new Map<ImageRef, number>();
  let asked: Chosen['ask'] = [];
  let alone: Alone | undefined;
  let ttlMs = MAX_WAIT_MS * 3;
  /** What the coordinator knows, or is just being told. */
  let told = keyOf({ holding: [], wanting: [], waitMs: 0 });
  let superseded = new AbortController();

  const held = (now: number) => new Set([...expiries].filter(([, ms]) => ms > now).map(([image]) => image));

  const request = (now: number): PermitRequest => {
    const permitted = held(now);
    const ahead = asked.map(({ image }) => image).filter(image => permitted.has(image));
    const wanting = asked.filter(({ image }) => !permitted.has(image));
    const waitMs = wanting.length === 0 ? 0 : Math.floor(Math.min(MAX_WAIT_MS, ttlMs / 3));
    return { holding: [...new Set([...parts.running(), ...ahead])], wanting, waitMs };
  };

  const accept = (answer: PermitAnswer, sentMs: number) => {
    const before = held(clock.monotonicMs());
    ttlMs = answer.ttlMs;
    for (const { image, sizeBytes } of answer.granted) {
      expiries.set(image, sentMs + ttlMs);
      if (sizeBytes !== undefined) parts.noteSize(image, sizeBytes);
    }
    return answer.granted.some(({ image }) => !before.has(image));
  };

  /** Sends what is held and wanted, and returns when to send again although nothing changed. */
  const exchange = async (signal: AbortSignal): Promise<number> => {
    const sentMs = clock.monotonicMs();
    const body = request(sentMs);
    told = keyOf(body);
    superseded = new AbortController();
    const until = linkSignals(signal, superseded.signal);
    const answer = await api.permits(body, until.signal).finally(until.unlink);
    attempts.answered();
    alone = undefined;
    const granted = accept(answer, sentMs);
    const { holding, wanting } = request(clock.monotonicMs());
    told = keyOf({ holding, wanting, waitMs: 0 });
    if (granted) parts.granted();
    if (wanting.length > 0) return sentMs + LEAST_ROUND_MS;
    return holding.length > 0 ? sentMs + ttlMs / 3 : Number.POSITIVE_INFINITY;
  };

  return {
    held,
    alone: () => alone,
    want(ask) {
      asked = ask;
      const keep = new Set([...parts.running(), ...ask.map(({ image }) => image)]);
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
          parts.changed();
          await attempts.failed(error, signal);
        }
      }
    },
  };
}

/** Equal for requests that ask for the same state. */
function keyOf({ holding, wanting }: PermitRequest): string {
  return JSON.stringify([holding.toSorted(), wanting]);
}
