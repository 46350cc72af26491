import type { Log } from '@kube-prefetch/process';
import type { ImageRuntime } from '@kube-prefetch/runtime';
import { type Clock, createRetry, createTrigger, type Random } from '@kube-prefetch/time';

const RUNTIME_BACKOFF = { baseMs: 200, capMs: 2_000, floorMs: 100 };
/** The events of one deletion or import come within this time, so that one look covers them. */
const SETTLE_MS = 50;
/** While pulls run, most events are theirs, the end of each wakes the line anyhow, and looks slow down unpacking. */
const SETTLE_PULLING_MS = 1_000;
const EVENT_SPACING_MS = 200;
/** A runtime without events may be replaced by one that has them. */
const ASK_AGAIN_MS = 1_000;
const VERIFY_WITH_EVENTS_MS = 60_000;
const VERIFY_WITHOUT_EVENTS_MS = 20_000;

export interface RuntimeEvents {
  /** The longest time between two looks. */
  verifyAfterMs(): number;
  run(signal: AbortSignal): Promise<never>;
}

export interface RuntimeEventsParts {
  readonly runtime: Pick<ImageRuntime, 'changes'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly pulling: () => boolean;
  /** An image changed, or may have changed while nobody listened: look again. */
  readonly changed: () => void;
}

/** Listens to the runtime, also after it restarts. An event only says "look again". */
export function createRuntimeEvents(parts: RuntimeEventsParts): RuntimeEvents {
  const { runtime, clock, random, log } = parts;
  const heard = createTrigger(clock);
  let listening = false;
  const retry = createRetry(random);

  /** Takes events as fast as they come: one that had to wait would wake the line much too late. */
  const listen = async (stream: AsyncIterable<void>) => {
    for await (const _ of stream) {
      retry.succeeded();
      heard.fire();
    }
  };
  const listenAgainAndAgain = async (signal: AbortSignal): Promise<never> => {
    for (;;) {
      const stream = runtime.changes(signal);
      if (stream === 'unsupported') {
        await clock.sleep(ASK_AGAIN_MS, signal);
        continue;
      }
      listening = true;
      try {
        await listen(stream);
      } catch (error) {
        if (retry.failures === 0 && !signal.aborted) log.warn({ err: error }, 'the runtime sends no events');
      }
      signal.throwIfAborted();
      listening = false;
      retry.failed();
      heard.fire();
      await clock.sleep(retry.pauseMs(RUNTIME_BACKOFF), signal);
    }
  };
  const passOn = async (signal: AbortSignal): Promise<never> => {
    for (;;) {
      await heard.next(Number.POSITIVE_INFINITY, signal);
      await clock.sleep(parts.pulling() ? SETTLE_PULLING_MS : SETTLE_MS, signal);
      parts.changed();
      await clock.sleep(EVENT_SPACING_MS, signal);
    }
  };

  return {
    verifyAfterMs: () => (listening ? VERIFY_WITH_EVENTS_MS : VERIFY_WITHOUT_EVENTS_MS),
    async run(signal) {
      const [never] = await Promise.all([listenAgainAndAgain(signal), passOn(signal)]);
      return never;
    },
  };
}
