/** Objects by name that were read, and those of them that are gone and whose end is not believed yet. */
export interface KeptObjects<T> {
  readonly listed: ReadonlyMap<string, T>;
  readonly gone: ReadonlyMap<string, GoneObject<T>>;
}

interface GoneObject<T> {
  readonly value: T;
  /** Monotonic. */
  readonly sinceMs: number;
}

export function nothingKept<T>(): KeptObjects<T> {
  return { listed: new Map(), gone: new Map() };
}

/**
 * When a CustomResourceDefinition is removed, the API server first removes all of its objects, one by one, as if somebody had
 * deleted them. So what is gone counts on until the server has said, this long after it went, that the kind stays.
 */
const BELIEVE_AFTER_MS = 2_000;

/** After a list or a watch told what there is `now`. */
export function noteListed<T>(kept: KeptObjects<T>, listed: ReadonlyMap<string, T>, now: number): KeptObjects<T> {
  const gone = new Map([...kept.gone].filter(([name]) => !listed.has(name)));
  for (const [name, value] of kept.listed) if (!listed.has(name)) gone.set(name, { value, sinceMs: now });
  return { listed, gone };
}

/** After the server was asked at `askedMs` and said that the kind stays. */
export function believe<T>(kept: KeptObjects<T>, askedMs: number): KeptObjects<T> {
  const { listed, gone } = kept;
  if (gone.size === 0) return kept;
  return { listed, gone: new Map([...gone].filter(([, { sinceMs }]) => askedMs < sinceMs + BELIEVE_AFTER_MS)) };
}

/** When the server must be asked for the next one to go; Infinity when none waits. */
export function nextAskMs({ gone }: KeptObjects<unknown>): number {
  return [...gone.values()].reduce((dueMs, { sinceMs }) => Math.min(dueMs, sinceMs + BELIEVE_AFTER_MS), Infinity);
}

/** Sorted by name. */
export function countingValues<T>({ listed, gone }: KeptObjects<T>): readonly T[] {
  if (gone.size === 0) return [...listed.values()];
  const all = new Map([...listed, ...[...gone].map(([name, { value }]) => [name, value] as const)]);
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
