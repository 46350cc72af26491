import type { Clock } from '@kube-prefetch/time';
import {
  type KubeApi,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type ObjectName,
  type TokenVerdict,
} from '../../src/api/kube-api.ts';
import { brokenOff, createLink, createWaiters, type MemoryLink, overLink } from './connection.ts';
import { createMemoryServer } from './server.ts';
import { watchStore } from './watch.ts';
import { ANSWER_WITHIN_MS, WATCH_SECONDS } from '../../src/api/limits.ts';
import { collectionPath, listPath, objectPath, TOKEN_REVIEW_PATH } from '../../src/api/request-path.ts';

export type RequestVerb = 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patchStatus';

/** What a token says of who holds it, by the time it is accepted. */
export type TokenHolder = Omit<TokenVerdict & { authenticated: true }, 'authenticated'>;

/** A connection to the twin of an API server, with what another client, an administrator or a bad network may do. */
export interface MemoryApi extends KubeApi, MemoryLink {
  /** Another process's connection to the same server. */
  connect(): KubeApi & MemoryLink;
  /** All connections at once, as when the server stops or its machine dies. */
  readonly server: MemoryLink;

  /** As another client: creates or replaces; keeps the status unless `object` has one. */
  apply(kind: KubeKind, object: Readonly<Record<string, unknown>>): KubeObject;
  remove(kind: KubeKind, name: ObjectName): void;
  read(kind: KubeKind, name: ObjectName): KubeObject | undefined;

  /** From now on requests about the kind fail: Forbidden without the right, NotFound for a kind that is not installed. */
  refuse(kind: KubeKind, failure: KubeFailure): void;
  allow(kind: KubeKind): void;
  /** Forgets what was: a watch from before, or a list begun before, is Expired. */
  compact(): void;
  /** Tells every watch the version that is current now. By themselves they hear only of the last change to their kind. */
  bookmark(): void;
  /** Ends every watch, as the server does routinely. */
  endWatches(): void;
  acceptToken(token: string, holder: TokenHolder): void;
  revokeToken(token: string): void;
  /** How many such requests have arrived, refused ones too. */
  requests(verb: RequestVerb, kind: KubeKind): number;
}

export interface MemoryApiOptions {
  readonly clock: Clock;
  /** How long a watch lasts. */
  readonly watchSeconds?: number | undefined;
}

/** The twin of an API server; it awaits only the clock. Namespaces need not exist, and no controller acts. */
export function createMemoryApi({ clock, watchSeconds = WATCH_SECONDS }: MemoryApiOptions): MemoryApi {
  const waiters = createWaiters(clock);
  const memory = createMemoryServer(clock);
  const server = createLink(waiters.wake);
  const orders = { bookmarks: 0, ends: 0 };
  const tokens = new Map<string, TokenHolder>();
  const requests = new Map<string, number>();

  const arrived = (verb: RequestVerb, kind: KubeKind, what: string) => {
    requests.set(`${verb} ${listPath(kind)}`, (requests.get(`${verb} ${listPath(kind)}`) ?? 0) + 1);
    memory.admit(kind, what);
  };

  const connect = (): KubeApi & MemoryLink => {
    const link = createLink(waiters.wake, server);
    const over = <T>(what: string, signal: AbortSignal, work: () => T) =>
      overLink({ link, waiters, clock, deadlineMs: ANSWER_WITHIN_MS }, what, signal, work);
    return {
      cutOff: link.cutOff,
      fallSilent: link.fallSilent,
      restore: link.restore,
      loseNextAnswer: link.loseNextAnswer,
      list(kind, page, signal) {
        const what = `GET ${listPath(kind)}`;
        return over(what, signal, () => {
          arrived('list', kind, what);
          return memory.list(kind, page);
        });
      },
      async *watch(kind, from, signal) {
        const what = `GET ${listPath(kind)}?watch=true`;
        const accepted = await over(what, signal, () => {
          arrived('watch', kind, what);
          return { ...orders, breaks: link.breaks };
        });
        const watched = { clock, watchSeconds, store: memory.store, link, waiters, orders };
        yield* watchStore(watched, kind, { from, what, accepted, signal });
      },
      async get(kind, name, signal) {
        const what = `GET ${objectPath(kind, name)}`;
        return over(what, signal, () => {
          arrived('get', kind, what);
          return memory.get(kind, name);
        });
      },
      async write(write, signal) {
        const { verb, kind } = write;
        const what = `${verb} ${collectionPath(kind, (verb === 'patchStatus' ? write.name : write.object.metadata).namespace)}`;
        return over(what, signal, () => {
          arrived(verb, kind, what);
          const written = memory.write(write);
          waiters.wake();
          if (link.takeLoss()) throw brokenOff(what);
          return written;
        });
      },
      review(token, audiences, signal) {
        return over(`POST ${TOKEN_REVIEW_PATH}`, signal, () => verdict(tokens.get(token), audiences));
      },
    };
  };

  return {
    ...connect(),
    connect,
    server,
    apply(kind, object) {
      const applied = memory.apply(kind, object);
      waiters.wake();
      return applied;
    },
    remove(kind, name) {
      memory.store.remove(kind, name);
      waiters.wake();
    },
    read: memory.store.get,
    refuse: memory.refuse,
    allow: memory.allow,
    compact: memory.store.compact,
    bookmark() {
      orders.bookmarks += 1;
      waiters.wake();
    },
    endWatches() {
      orders.ends += 1;
      waiters.wake();
    },
    acceptToken: (token, holder) => void tokens.set(token, holder),
    revokeToken: token => void tokens.delete(token),
    requests: (verb, kind) => requests.get(`${verb} ${listPath(kind)}`) ?? 0,
  };
}

function verdict(holder: TokenHolder | undefined, audiences: readonly string[]): TokenVerdict {
  if (holder === undefined) return { authenticated: false, error: 'invalid bearer token' };
  const good = audiences.filter(audience => holder.audiences.includes(audience));
  if (good.length === 0) return { authenticated: false, error: `token is not for ${audiences.join(', ')}` };
  return { authenticated: true, username: holder.username, audiences: good, extra: holder.extra };
}
