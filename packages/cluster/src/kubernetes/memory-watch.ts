import type { Clock } from '@kube-prefetch/time';
import { KubeApiError, type KubeEvent, type KubeKind } from './api.ts';
import { brokenOff, type Link, type Waiters } from './memory-link.ts';
import type { MemoryStore } from './memory-store.ts';
import { WATCH_SECONDS } from './limits.ts';

const BOOKMARK_EVERY_MS = 60_000;

/** Raised by the test's hand. */
export interface WatchOrders {
  bookmarks: number;
  ends: number;
}

export interface WatchedServer {
  readonly clock: Clock;
  readonly store: MemoryStore;
  readonly link: Link;
  readonly waiters: Waiters;
  readonly orders: WatchOrders;
}

/** A watch that the server has accepted. */
export async function* watchStore(
  { clock, store, link, waiters, orders }: WatchedServer,
  kind: KubeKind,
  { from, what, signal }: { from: string; what: string; signal: AbortSignal },
): AsyncGenerator<KubeEvent, void> {
  const { breaks } = link;
  const { ends } = orders;
  const endMs = clock.monotonicMs() + WATCH_SECONDS * 1000;
  let { bookmarks } = orders;
  let bookmarkMs = clock.monotonicMs() + BOOKMARK_EVERY_MS;
  let position = Number(from);
  yield { type: 'BOOKMARK', resourceVersion: from };

  for (;;) {
    signal.throwIfAborted();
    if (link.breaks > breaks) throw brokenOff(what);
    if (link.state === 'silent') {
      await waiters.wait(Number.POSITIVE_INFINITY, signal);
      continue;
    }
    if (!store.remembers(position)) throw new KubeApiError('Expired', `${what}: version ${position} is too old`);
    const change = store.nextChange(kind, position);
    if (change !== undefined) {
      position = change.revision;
      yield { type: change.type, object: change.object };
      continue;
    }
    position = Math.max(position, store.revision());
    const now = clock.monotonicMs();
    if (orders.ends > ends || now >= endMs) return;
    if (orders.bookmarks > bookmarks || now >= bookmarkMs) {
      bookmarks = orders.bookmarks;
      bookmarkMs = now + BOOKMARK_EVERY_MS;
      yield { type: 'BOOKMARK', resourceVersion: String(position) };
      continue;
    }
    await waiters.wait(Math.min(bookmarkMs, endMs), signal);
  }
}
