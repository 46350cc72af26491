/** For so long an answer of an older term is refused after one of a newer: a leader that was cut off may not know yet. */
const REMEMBER_MS = 5 * 60_000;

/** The highest term that has answered, and when it last did. */
export interface SeenEpoch {
  readonly epoch: number;
  readonly atMs: number;
}

/** What is seen now that a leader has answered with `epoch`; 'stale' where its term is over. */
export function judgeEpoch(seen: SeenEpoch | undefined, epoch: number, now: number): SeenEpoch | 'stale' {
  const stale = seen !== undefined && epoch < seen.epoch && now - seen.atMs < REMEMBER_MS;
  return stale ? 'stale' : { epoch, atMs: now };
}

/** Undefined where the header is missing or is no epoch: a coordinator before there were several had none. */
export function epochIn(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
