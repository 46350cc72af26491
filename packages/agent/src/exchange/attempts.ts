import type { Log } from '@kube-prefetch/process';
import { ApiError, type ErrorCode } from '@kube-prefetch/protocol';
import { type Clock, createRetry, linkSignals, type Random, type RetryBounds } from '@kube-prefetch/time';

/** Nodes that lost the coordinator together come back spread over `baseMs`, and find a new one within `capMs`. */
const BACKOFF: RetryBounds = { baseMs: 1_000, capMs: 8_000, floorMs: 50 };
/** The coordinator asks the API server about every token that it does not know. */
const REFUSED_BACKOFF: RetryBounds = { baseMs: 1_000, capMs: 60_000, floorMs: 50 };

/** As soon as any request is answered, those that failed with these are worth another try. */
const NOBODY_ANSWERS: ReadonlySet<ErrorCode> = new Set(['Unreachable', 'NotLeader', 'ShuttingDown']);

const ADVICE: Partial<Record<ErrorCode, string>> = {
  Unauthenticated:
    "the token is read anew with every request; if this stays, compare the audience of the projected token with the coordinator's",
  Forbidden: "the token is good, but not that of this node's agent: check --node and the pod's ServiceAccount",
  IdentityUnavailable:
    'the coordinator could not ask the API server whose token this is; until then the last plan is kept',
  UnknownNode: 'check --node: it is the name of the Node, compared exactly',
};

/** Tries one kind of request again and again: counts failures, logs each new reason once, and pauses. */
export interface Attempts {
  answered(): void;
  /** Waits before the next try; throws an error that no retry helps against. */
  failed(error: unknown, signal: AbortSignal): Promise<void>;
}

export interface AttemptsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly contact: Contact;
}

export function createAttempts({ clock, random, log, contact }: AttemptsParts, complaint: string): Attempts {
  const retry = createRetry(random);
  let logged: ErrorCode | 'nobody' | undefined;

  return {
    answered() {
      if (logged !== undefined)
        log.info({ after: complaint, failures: retry.failures }, 'the coordinator answers again');
      retry.succeeded();
      logged = undefined;
      contact.answered();
    },
    async failed(error, signal) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 'OlderAgent') {
        throw new Error('a newer agent reports for this node: this one stops. Run one agent per node.', {
          cause: error,
        });
      }
      retry.failed();
      const why = NOBODY_ANSWERS.has(error.code) ? 'nobody' : error.code;
      if (logged !== why) log.warn({ err: error, advice: ADVICE[error.code] }, complaint);
      logged = why;
      const refused = why === 'Unauthenticated' || why === 'Forbidden';
      const pauseMs = retry.pauseMs(refused ? REFUSED_BACKOFF : BACKOFF);
      await (why === 'nobody' ? contact.pause(pauseMs, signal) : clock.sleep(pauseMs, signal));
    },
  };
}

/** Shared by all kinds of requests: after an outage the first answer ends the pauses of the others. */
export interface Contact {
  answered(): void;
  /** Waits until any request is answered, `ms` at most. */
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
