import type { Clock } from '@kube-prefetch/time';
import { KubeApiError, type KubeEvent, type KubeKind } from './api.ts';
import { brokenOff, type Link, type Waiters } from './memory-link.ts';
import type { MemoryStore } from './memory-store.ts';

/** As an API server does: about once a minute, and shortly before the end. */
const BOOKMARK_EVERY_MS = 60_000;
const LAST_BOOKMARK_MS = 2_000;

/** Raised by the test's hand. */
export interface WatchOrders {
  bookmarks: number;
  ends: number;
}

export interface WatchedServer {
  readonly clock: Clock;
  readonly watchSeconds: number;
  readonly store: MemoryStore;
  readonly link: Link;
  readonly waiters: Waiters;
  readonly orders: WatchOrders;
}

/** A watch that the server has accepted. */
export async function* watchStore(
  { clock, watchSeconds, store, link, waiters, orders }: WatchedServer,
  kind: KubeKind,
  { from, what, signal }: { from: string; what: string; signal: AbortSignal },
): AsyncGenerator<KubeEvent, void> {
  const { breaks } = link;
  const { ends } = orders;
  const endMs = clock.monotonicMs() + watchSeconds * 1000;
  const nextBookmarkMs = (now: number) =>
    now < endMs - LAST_BOOKMARK_MS ? Math.min(now + BOOKMARK_EVERY_MS, endMs - LAST_BOOKMARK_MS) : endMs;
  let { bookmarks } = orders;
  let bookmarkMs = nextBookmarkMs(clock.monotonicMs());
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
      bookmarkMs = nextBookmarkMs(now);
      yield { type: 'BOOKMARK', resourceVersion: String(position) };
      continue;
    }
    await waiters.wait(Math.min(bookmarkMs, endMs), signal);
  }
}
