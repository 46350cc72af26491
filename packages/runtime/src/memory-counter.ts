/** How often each thing happened. */
export interface Counter {
  add(key: string, by: number): void;
  /** Of all keys when none is given. */
  of(key?: string): number;
}

export function createCounter(): Counter {
  const counts = new Map<string, number>();
  return {
    add: (key, by) => void counts.set(key, (counts.get(key) ?? 0) + by),
    of: key => (key === undefined ? counts.values().reduce((sum, count) => sum + count, 0) : (counts.get(key) ?? 0)),
  };
}
