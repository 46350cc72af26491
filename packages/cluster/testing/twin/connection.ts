import { errorText } from '@kube-prefetch/protocol';
import { type Clock, createTrigger, type Trigger, withDeadline } from '@kube-prefetch/time';
import { KubeApiError } from '../../src/api/kube-api.ts';

/** What may happen between a client and the server. */
export interface TwinLink {
  /** Calls fail at once, watches break off. */
  cutOff(): void;
  /** Nothing comes back, as from a machine without power: calls end by their deadline, watches stay silent. */
  fallSilent(): void;
  /** Ends either: new calls are answered, and what waited in silence goes on. */
  restore(): void;
  /** The next write takes effect, but its caller gets Unreachable. */
  loseNextAnswer(): void;
}

export interface Link extends TwinLink {
  readonly state: 'up' | 'cut' | 'silent';
  /** How often `cutOff` was called. */
  readonly breaks: number;
  /** True when the next answer must be lost; counts it as lost. */
  takeLoss(): boolean;
}

/** With `beneath`, a link that fails also when that one fails: a process's own link, and the server's beneath it. */
export function createLink(changed: () => void, beneath?: Link): Link {
  let state: Link['state'] = 'up';
  let breaks = 0;
  let losses = 0;
  const become = (next: Link['state']) => {
    state = next;
    changed();
  };
  return {
    get state() {
      return state === 'up' ? (beneath?.state ?? state) : state;
    },
    get breaks() {
      return breaks + (beneath?.breaks ?? 0);
    },
    cutOff() {
      breaks += 1;
      become('cut');
    },
    fallSilent: () => become('silent'),
    restore: () => become('up'),
    loseNextAnswer() {
      losses += 1;
    },
    takeLoss() {
      if (losses === 0) return beneath?.takeLoss() ?? false;
      losses -= 1;
      return true;
    },
  };
}

/** Calls and watches that wait for the server: each change wakes all of them. */
export interface Waiters {
  wake(): void;
  /** Until something happens or the monotonic clock reaches `dueMs`. */
  wait(dueMs: number, signal: AbortSignal): Promise<void>;
}

export function createWaiters(clock: Clock): Waiters {
  const waiting = new Set<Trigger>();
  return {
    wake() {
      for (const trigger of waiting) trigger.fire();
    },
    async wait(dueMs, signal) {
      const trigger = createTrigger(clock);
      waiting.add(trigger);
      try {
        await trigger.next(dueMs, signal);
      } finally {
        waiting.delete(trigger);
      }
    },
  };
}

/** Does the work when the server can be reached, and fails as a real connection would. */
export async function overLink<T>(
  { link, waiters, clock, deadlineMs }: { link: Link; waiters: Waiters; clock: Clock; deadlineMs: number },
  what: string,
  signal: AbortSignal,
  work: () => T,
): Promise<T> {
  signal.throwIfAborted();
  if (link.state === 'silent') {
    const { breaks } = link;
    await withDeadline(clock, deadlineMs, signal, what, async inTime => {
      while (link.state === 'silent') await waiters.wait(Number.POSITIVE_INFINITY, inTime);
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new KubeApiError('Unreachable', errorText(error), { cause: error });
    });
    if (link.breaks > breaks) throw brokenOff(what);
  }
  if (link.state === 'cut') throw brokenOff(what);
  return work();
}

export function brokenOff(what: string): KubeApiError {
  return new KubeApiError('Unreachable', `${what}: connection refused`);
}
