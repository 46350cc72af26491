import type { Log } from '@kube-prefetch/process';
import { ApiError, type ErrorCode } from '@kube-prefetch/protocol';
import { backoffMs, type Clock, type Random, type RetryBounds } from '@kube-prefetch/time';
import type { Contact } from './contact.ts';

/** Nodes that lost the coordinator together come back spread over the first of these, and follow a new one within the second. */
const BACKOFF: RetryBounds = { baseMs: 1_000, capMs: 8_000 };
/** The coordinator asks the API server about every token that it does not know. */
const REFUSED_BACKOFF: RetryBounds = { baseMs: 1_000, capMs: 60_000 };
/** Also where the jitter is close to nothing. */
const LEAST_PAUSE_MS = 50;

/** Nobody who answers now would have answered before: worth another try as soon as anybody is answered. */
const NOBODY_ANSWERS: ReadonlySet<ErrorCode> = new Set(['Unreachable', 'NotLeader', 'ShuttingDown']);

const ADVICE: Partial<Record<ErrorCode, string>> = {
  Unauthenticated:
    "the token is read anew with every request; if this stays, compare the audience of the projected token with the coordinator's",
  Forbidden: "the token is good, but not that of this node's agent: check --node and the pod's ServiceAccount",
  IdentityUnavailable:
    'the coordinator could not ask the API server whose token this is; until then the last plan is kept',
  UnknownNode: 'check --node: it is the name of the Node, compared exactly',
};

/** One kind of request, made again and again: counts what was in vain, says so once per reason, and pauses. */
export interface Attempts {
  answered(): void;
  /** Waits before the next; throws what no retry can help against. */
  failed(error: unknown, signal: AbortSignal): Promise<void>;
}

export interface AttemptsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly contact: Contact;
}

export function createAttempts({ clock, random, log, contact }: AttemptsParts, inVain: string): Attempts {
  let failures = 0;
  let said: ErrorCode | 'nobody' | undefined;

  return {
    answered() {
      if (said !== undefined) log.info({ after: inVain, failures }, 'the coordinator answers again');
      failures = 0;
      said = undefined;
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
      failures += 1;
      const why = NOBODY_ANSWERS.has(error.code) ? 'nobody' : error.code;
      if (said !== why) log.warn({ err: error, advice: ADVICE[error.code] }, inVain);
      said = why;
      const refused = why === 'Unauthenticated' || why === 'Forbidden';
      const pauseMs = LEAST_PAUSE_MS + backoffMs(failures, random(), refused ? REFUSED_BACKOFF : BACKOFF);
      await (why === 'nobody' ? contact.pause(pauseMs, signal) : clock.sleep(pauseMs, signal));
    },
  };
}
