import { dueMsOf, rankOf, type StatusEntry } from './status-entry.ts';

/** Of those that are due the one to bring next: by rank, then what has been due for longest. */
export function nextEntry(entries: Iterable<StatusEntry>, now: number): StatusEntry | undefined {
  let first: StatusEntry | undefined;
  for (const entry of entries) {
    if (dueMsOf(entry) <= now && (first === undefined || comesBefore(entry, first))) first = entry;
  }
  return first;
}

function comesBefore(a: StatusEntry, b: StatusEntry): boolean {
  const [rankA, rankB] = [rankOf(a), rankOf(b)];
  return rankA < rankB || (rankA === rankB && a.dueMs < b.dueMs);
}
