import type { Clock } from '@kube-prefetch/time';
import { KubeApiError, type KubeEvent, type KubeKind } from '../../src/api/kube-api.ts';
import { brokenOff, type Link, type Waiters } from './connection.ts';
import { overTheWire } from './object-rules.ts';
import type { TwinStore } from './store.ts';

/** An API server sends bookmarks about once a minute, and shortly before the end. */
const BOOKMARK_EVERY_MS = 60_000;
const LAST_BOOKMARK_MS = 2_000;

/** How often a test called `bookmark` and `endWatches`. */
export interface WatchOrders {
  bookmarks: number;
  ends: number;
}

export interface WatchedServer {
  readonly clock: Clock;
  readonly watchSeconds: number;
  readonly store: TwinStore;
  readonly link: Link;
  readonly waiters: Waiters;
  readonly orders: WatchOrders;
}

/** The counts when the server accepted a watch: it reacts only to later orders and breaks. */
export type AcceptedWatch = Readonly<WatchOrders> & Pick<Link, 'breaks'>;

/**
 * A watch that the server has accepted. Like a real one it is silent while nothing happens to its kind: a bookmark would name
 * the version that the client knows already.
 */
export async function* watchStore(
  { clock, watchSeconds, store, link, waiters, orders }: WatchedServer,
  kind: KubeKind,
  { from, what, accepted, signal }: { from: string; what: string; accepted: AcceptedWatch; signal: AbortSignal },
): AsyncGenerator<KubeEvent, void> {
  const endMs = clock.monotonicMs() + watchSeconds * 1000;
  let { bookmarks } = accepted;
  let bookmarkMs = nextBookmarkMs(clock.monotonicMs(), endMs);
  /** The revision of the last change to the kind; `position` is how far the changes have been read. */
  let changed = 0;
  let position = Number(from);
  yield { type: 'BOOKMARK', resourceVersion: from };

  for (;;) {
    signal.throwIfAborted();
    if (link.breaks > accepted.breaks) throw brokenOff(what);
    if (link.state === 'silent') {
      await waiters.wait(Number.POSITIVE_INFINITY, signal);
      continue;
    }
    if (!store.remembers(position)) throw new KubeApiError('Expired', `${what}: version ${position} is too old`);
    const change = store.nextChange(kind, position);
    if (change !== undefined) {
      changed = change.revision;
      position = change.revision;
      const { metadata } = change.object;
      yield { type: change.type, object: kind.metadataOnly ? overTheWire(kind, { metadata }) : change.object };
      continue;
    }
    position = Math.max(position, store.revision());
    const now = clock.monotonicMs();
    if (orders.ends > accepted.ends || now >= endMs) return;
    if (orders.bookmarks > bookmarks) {
      ({ bookmarks } = orders);
      changed = position;
      bookmarkMs = now;
    }
    if (now >= bookmarkMs) {
      bookmarkMs = nextBookmarkMs(now, endMs);
      if (changed > Number(from)) yield { type: 'BOOKMARK', resourceVersion: String(changed) };
      continue;
    }
    await waiters.wait(Math.min(bookmarkMs, endMs), signal);
  }
}

function nextBookmarkMs(now: number, endMs: number): number {
  const lastMs = endMs - LAST_BOOKMARK_MS;
  return now < lastMs ? Math.min(now + BOOKMARK_EVERY_MS, lastMs) : endMs;
}
