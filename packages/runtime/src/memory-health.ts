import { type Clock, createTrigger, DeadlineExceeded, type Trigger, withDeadline } from '@kube-prefetch/time';
import { RuntimeUnavailable } from './image-runtime.ts';

/** Whether the memory runtime answers, and who waits to hear of changes. */
export interface MemoryHealth {
  become(state: 'up' | 'down' | 'hung'): void;
  /** Resolves once the runtime is there to take a pull. Throws RuntimeUnavailable. */
  take(signal: AbortSignal): Promise<void>;
  /** The same for a question, which does not wait for ever. */
  answer(signal: AbortSignal): Promise<void>;
  /** Wakes every `changes`. */
  changed(): void;
  changes(signal: AbortSignal): AsyncIterable<void>;
}

interface MemoryHealthOptions {
  readonly clock: Clock;
  readonly answerTimeoutMs?: number;
}

export function createMemoryHealth({ clock, answerTimeoutMs = 30_000 }: MemoryHealthOptions): MemoryHealth {
  const waiting = new Set<Trigger>();
  let state: Parameters<MemoryHealth['become']>[0] = 'up';
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
    if (state === 'down') throw new RuntimeUnavailable('memory runtime is stopped: start it');
  }

  async function answer(signal: AbortSignal): Promise<void> {
    try {
      await withDeadline(clock, answerTimeoutMs, signal, 'the answer', take);
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      throw new RuntimeUnavailable(`memory runtime hangs: ${error.message}`, { cause: error });
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
          if (outages > before) throw new RuntimeUnavailable('memory runtime stopped: the stream of changes ended');
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
