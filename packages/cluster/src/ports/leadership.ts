/** A time during which this process alone decides. */
export interface Term {
  /** Higher than every term before it, of any process. */
  readonly epoch: number;
  /** Aborts before leadership can pass on. */
  readonly signal: AbortSignal;
}

export interface Leadership {
  /** The terms of this process, one after the other; ends when the signal aborts. */
  terms(signal: AbortSignal): AsyncIterable<Term>;
  /** Where the leader serves agents, `10.0.0.1:7070`, as far as this process knows; undefined where it knows of none, or leads itself. */
  leader(): string | undefined;
}
