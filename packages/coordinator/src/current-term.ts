import type { NodeTaints, StatusSink, Term } from '@kube-prefetch/cluster';
import type { Clock } from '@kube-prefetch/time';
import { apiErrors } from './requests/api-errors.ts';

/** The line looks every 30 s even when nothing wakes it; one that rests longer than this is stuck. */
const STUCK_AFTER_MS = 120_000;

/** Which term this process is in, or was in last, and whether the line of a running one still passes. */
export interface CurrentTerm {
  /**
   * The signal aborts when the term is over; `ended` is called then. Throws where it is over already, as after the process was
   * suspended.
   */
  begin(term: Term, ended: () => void): AbortSignal;
  /** Notes that a pass of the line is done. */
  passed(): void;
  /** Of the running or the last term; 0 before the first. */
  epoch(): number;
  /** By the clock: a timer that should have ended the term may be late. */
  leading(): boolean;
  /** Throws ApiError outside terms, with the leader's address where it is known. */
  mustLead(): void;
  /** False if the last pass of a running term is too long ago. */
  alive(): boolean;
}

/** The clock says that the term is over. */
export class TermOver extends Error {
  override readonly name = 'TermOver';
}

export interface CurrentTermParts {
  readonly clock: Clock;
  /** The address of the replica that leads, if this one knows it. */
  readonly leader?: (() => string | undefined) | undefined;
  /** Its pod, `NAMESPACE/NAME`. */
  readonly leaderPod?: (() => string | undefined) | undefined;
}

export function createCurrentTerm({ clock, leader, leaderPod }: CurrentTermParts): CurrentTerm {
  let epoch = 0;
  /** Undefined outside terms. */
  let lastPassMs: number | undefined;
  let endMs = () => Infinity;
  let end = () => {};

  const leading = () => {
    if (lastPassMs !== undefined && clock.monotonicMs() >= endMs()) end();
    return lastPassMs !== undefined;
  };

  return {
    begin(term, ended) {
      term.signal.throwIfAborted();
      epoch = term.epoch;
      lastPassMs = clock.monotonicMs();
      endMs = term.endMs ?? (() => Infinity);
      const running = new AbortController();
      end = () => {
        if (running.signal.aborted) return;
        lastPassMs = undefined;
        running.abort(term.signal.aborted ? term.signal.reason : new TermOver('its time was over'));
        ended();
      };
      term.signal.addEventListener('abort', end, { once: true });
      return running.signal;
    },
    passed() {
      lastPassMs = clock.monotonicMs();
    },
    epoch: () => epoch,
    leading,
    mustLead() {
      if (!leading()) throw apiErrors.notLeading(leader?.(), epoch > 0, leaderPod?.());
    },
    alive: () => lastPassMs === undefined || clock.monotonicMs() - lastPassMs < STUCK_AFTER_MS,
  };
}

/** The sink, which takes nothing once the term is over, even if nobody has noticed that yet. */
export function whileLeading(sink: StatusSink, { mustLead }: Pick<CurrentTerm, 'mustLead'>): StatusSink {
  return {
    ...sink,
    async write(...args) {
      mustLead();
      return sink.write(...args);
    },
    async event(...args) {
      mustLead();
      return sink.event(...args);
    },
  };
}

/** The same of the taints of nodes. */
export function taintsWhileLeading(taints: NodeTaints, { mustLead }: Pick<CurrentTerm, 'mustLead'>): NodeTaints {
  return {
    async remove(...args) {
      mustLead();
      return taints.remove(...args);
    },
    async event(...args) {
      mustLead();
      return taints.event(...args);
    },
  };
}
