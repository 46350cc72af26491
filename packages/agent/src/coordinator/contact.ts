import { type Clock, linkSignals } from '@kube-prefetch/time';

/** That a coordinator answers, known to all who ask it: after an outage the first answer ends the pauses of the others. */
export interface Contact {
  answered(): void;
  /** Ends when somebody is answered, after `ms` at the latest. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export function createContact(clock: Clock, noted: () => void): Contact {
  let answered = new AbortController();
  return {
    answered() {
      noted();
      answered.abort();
      answered = new AbortController();
    },
    async pause(ms, signal) {
      const until = linkSignals(signal, answered.signal);
      try {
        await clock.sleep(ms, until.signal);
      } catch {
        signal.throwIfAborted();
      } finally {
        until.unlink();
      }
    },
  };
}
