import type { NodeRecord } from './node-record.ts';

/** A pass may be this late. After a longer pause the process must have been suspended. */
const LATE_MS = 5_000;

/** Nodes that are silent from now on: they were not in contact for the whole of this time. */
export function nodesFallingSilent(
  nodes: Iterable<NodeRecord>,
  silentAfterMs: number,
  now: number,
): readonly NodeRecord[] {
  return [...nodes].filter(node => !node.silent && now - node.contactMs >= silentAfterMs);
}

/** When the next node falls silent unless it gets in touch. */
export function nextSilenceMs(nodes: Iterable<NodeRecord>, silentAfterMs: number): number {
  let dueMs = Infinity;
  for (const node of nodes) if (!node.silent) dueMs = Math.min(dueMs, node.contactMs + silentAfterMs);
  return dueMs;
}

/** What an agent may take to report after a poll: its request ends after 10 s, and may be tried again. */
const REPORT_WITHIN_MS = 15_000;

/** A poll is answered early enough for a living agent to report, and to come back, within the silence. */
export function longestPollMs(silentAfterMs: number): number {
  return Math.min(silentAfterMs * 0.75, silentAfterMs - REPORT_WITHIN_MS);
}

/**
 * While this process was suspended it heard nobody: that time does not count as silence of the nodes. No contact is ever later than
 * now. `dueMs`: when a look was due at the latest.
 */
export function forgiveSuspension(
  nodes: Iterable<NodeRecord>,
  { dueMs, silentAfterMs }: { readonly dueMs: number; readonly silentAfterMs: number },
  now: number,
): void {
  if (now - dueMs <= LATE_MS) return;
  const forgivenMs = now - dueMs + silentAfterMs - longestPollMs(silentAfterMs);
  for (const node of nodes) node.contactMs = Math.min(node.contactMs + forgivenMs, now);
}
