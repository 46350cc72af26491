import type { ApiError } from '@kube-prefetch/protocol';
import { type BoundedCalls, type Clock, createBoundedCalls } from '@kube-prefetch/time';
import type { AgentIdentity } from '../ports/trust.ts';

type Review = AgentIdentity | ApiError;
/** Asks once there is room. Throws where nobody may wait any more, and the signal's reason. */
export type ReviewLane = (send: () => Promise<Review>, signal: AbortSignal) => Promise<Review>;

/** After a failover the agents of all nodes come at once, and each needs one review. */
const KNOWN = { running: 32, waiting: 10_000 };
const STRANGERS = { running: 8, waiting: 1_000 };
const WAITING_OF_ONE_ADDRESS = 8;
/** How many reviews of strangers may be refused at once, and how long each refusal counts: then five a second. */
const REFUSALS = { most: 20, forgivenMs: 200 };

/**
 * In which order the API server is asked for reviews. Tokens that it signed, or that it accepted before, do not wait behind others.
 * The others are strangers: each refusal slows all of them down.
 */
export function createReviewLanes(clock: Clock) {
  const known: BoundedCalls = createBoundedCalls(KNOWN);
  const strangers: BoundedCalls = createBoundedCalls(STRANGERS);
  const waiting = new Map<string, number>();
  /** When every refusal so far is forgiven. */
  let forgivenAtMs = -Infinity;

  const untilForgiven = async (signal: AbortSignal) => {
    const room = () => forgivenAtMs - REFUSALS.most * REFUSALS.forgivenMs - clock.monotonicMs();
    while (room() > 0) await clock.sleep(room(), signal);
  };

  const sendForStranger = async (send: () => Promise<Review>, signal: AbortSignal) => {
    await untilForgiven(signal);
    // It counts as refused until it is accepted, so that many at the same time cannot pass the bound together.
    forgivenAtMs = Math.max(forgivenAtMs, clock.monotonicMs()) + REFUSALS.forgivenMs;
    const review = await send();
    if (!(review instanceof Error)) forgivenAtMs -= REFUSALS.forgivenMs;
    return review;
  };

  return {
    known: ((send, signal) => known.run(send, signal)) satisfies ReviewLane,
    strangersOf(address: string): ReviewLane {
      return async (send, signal) => {
        const ahead = waiting.get(address) ?? 0;
        if (ahead >= WAITING_OF_ONE_ADDRESS) throw new Error(`${ahead} tokens of ${address} are waiting already`);
        waiting.set(address, ahead + 1);
        try {
          return await strangers.run(() => sendForStranger(send, signal), signal);
        } finally {
          const left = (waiting.get(address) ?? 1) - 1;
          if (left === 0) waiting.delete(address);
          else waiting.set(address, left);
        }
      };
    },
  };
}
