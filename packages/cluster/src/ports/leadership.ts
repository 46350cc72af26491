/** A time during which this process is the only leader. */
export interface Term {
  /** Higher than that of every earlier term of any process. */
  readonly epoch: number;
  /** Aborts before another process can lead. */
  readonly signal: AbortSignal;
  /** Monotonic: when the term ends unless it is renewed before. After a loop that stood still the signal may abort later than this. */
  readonly endMs?: () => number;
}

export interface Leadership {
  /** The terms of this process, one after the other, until the signal aborts. */
  terms(signal: AbortSignal): AsyncIterable<Term>;
  /** Where another leader serves agents: `10.0.0.1:7070`. Undefined when this process leads or knows of none. */
  leader(): string | undefined;
  /** The name of that leader: its pod's. */
  leaderName(): string | undefined;
}
