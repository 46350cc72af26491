/** How many pulls a registry that refused or failed may have at once, for now. */
export interface RegistrySpeed {
  readonly most: number;
  /** Pulls that ran at once before it was slowed: as many again, and it is slowed no more. */
  readonly ranBefore: number;
  /** Monotonic; when it was slowed last. */
  readonly slowedMs: number;
  /** Monotonic; when it was slowed or raised last. */
  readonly changedMs: number;
}

/** What nodes told lately of their pulls from one registry, as far as it `countsFromMs`. */
export interface RegistryNews {
  /** Nodes that it refused as too fast, or failed. */
  readonly failing: number;
  /** Nodes whose pulls ended, well or not. */
  readonly seen: number;
  /** Pulls that run now. */
  readonly running: number;
}

/** One node alone may have a broken network, or lie. */
const FAILING_NODES = 2;
/** Of the nodes that were seen. */
const FAILING_SHARE = 0.25;
const SLOW_AGAIN_AFTER_MS = 10_000;
const RAISE_AFTER_MS = 30_000;

/**
 * | what was seen                                                   | pulls at once from now on                            |
 * | --------------------------------------------------------------- | ---------------------------------------------------- |
 * | two nodes at least, and a quarter of all, were refused or failed | half of those that run, at least one                 |
 * | nothing of that for half a minute                               | a quarter more, at least one                         |
 * | as many as before it was slowed                                 | any number: undefined                                |
 */
export function judgeRegistry(
  speed: RegistrySpeed | undefined,
  { failing, seen, running }: RegistryNews,
  now: number,
): RegistrySpeed | undefined {
  const fails = failing >= FAILING_NODES && failing >= seen * FAILING_SHARE;
  if (fails) {
    const most = Math.max(1, Math.floor(Math.min(running, speed?.most ?? Infinity) / 2));
    return { most, ranBefore: Math.max(running, speed?.ranBefore ?? 1), slowedMs: now, changedMs: now };
  }
  if (speed === undefined || now < raisedAtMs(speed)) return speed;
  return raise(speed, now);
}

/** Pulls that ended before then tell nothing of the speed: many of them ran already when the registry was slowed. */
export function countsFromMs(speed: RegistrySpeed | undefined): number {
  return speed === undefined ? -Infinity : speed.slowedMs + SLOW_AGAIN_AFTER_MS;
}

/** When time alone raises it. */
export function raisedAtMs({ changedMs }: RegistrySpeed): number {
  return changedMs + RAISE_AFTER_MS;
}

/** When time alone ends it. */
export function endsAtMs(speed: RegistrySpeed): number {
  const dueMs = raisedAtMs(speed);
  const next = raise(speed, dueMs);
  return next === undefined ? dueMs : endsAtMs(next);
}

function raise(speed: RegistrySpeed, now: number): RegistrySpeed | undefined {
  const most = speed.most + Math.max(1, Math.floor(speed.most / 4));
  return most >= speed.ranBefore ? undefined : { ...speed, most, changedMs: now };
}
