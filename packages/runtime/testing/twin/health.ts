import { type Clock, createTrigger, DeadlineExceeded, type Trigger, withDeadline } from '@kube-prefetch/time';
import { RuntimeUnavailable } from '../../src/image-runtime.ts';

/** Whether the twin answers, and who waits to hear of changes. */
export interface TwinHealth {
  become(state: 'up' | 'down' | 'hung'): void;
  /** Resolves once the runtime is there to take a pull. Throws RuntimeUnavailable. */
  take(signal: AbortSignal): Promise<void>;
  /** The same for a question, which does not wait for ever. */
  answer(signal: AbortSignal): Promise<void>;
  /** Wakes every `changes`. */
  changed(): void;
  changes(signal: AbortSignal): AsyncIterable<void>;
}

interface TwinHealthOptions {
  readonly clock: Clock;
  readonly answerTimeoutMs?: number;
}

export function createTwinHealth({ clock, answerTimeoutMs = 30_000 }: TwinHealthOptions): TwinHealth {
  const waiting = new Set<Trigger>();
  let state: Parameters<TwinHealth['become']>[0] = 'up';
  let outages = 0;

  async function take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const revived = createTrigger(clock);
    waiting.add(revived);
    try {
      while (state === 'hung') await revived.next(Infinity, signal);
    } finally {
      waiting.delete(revived);
    }
    if (state === 'down') throw new RuntimeUnavailable('the twin of a runtime is stopped: start it');
  }

  async function answer(signal: AbortSignal): Promise<void> {
    try {
      await withDeadline(clock, answerTimeoutMs, signal, 'the answer', take);
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      throw new RuntimeUnavailable(`the twin of a runtime hangs: ${error.message}`, { cause: error });
    }
  }

  function changed(): void {
    for (const trigger of waiting) trigger.fire();
  }

  return {
    become(next) {
      state = next;
      if (next === 'down') outages += 1;
      changed();
    },
    take,
    answer,
    changed,
    async *changes(signal) {
      const trigger = createTrigger(clock);
      waiting.add(trigger);
      const before = outages;
      try {
        // The first one at once: what happened before the subscription has not been told.
        for (await answer(signal); ; await trigger.next(Infinity, signal)) {
          if (outages > before)
            throw new RuntimeUnavailable('the twin of a runtime stopped: the stream of changes ended');
          yield;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        waiting.delete(trigger);
      }
    },
  };
}
