import type { Clock } from '@kube-prefetch/time';
import {
  type KubeApi,
  KubeApiError,
  type KubeDiscovery,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type KubeTokens,
  type ObjectName,
  type TokenReview,
} from '../../src/api/kube-api.ts';
import { brokenOff, createLink, createWaiters, type TwinLink, overLink } from './connection.ts';
import { createTwinServer } from './server.ts';
import { createTokenSigner, holderOf, type TokenContent, type TokenHolder } from './tokens.ts';
import { watchStore } from './watch.ts';
import { ANSWER_WITHIN_MS, WATCH_SECONDS } from '../../src/api/transport.ts';
import { collectionPath, DISCOVERY, listPath, objectPath, SIGNING_KEYS, TOKEN_REVIEW } from '../../src/api/requests.ts';

export type RequestVerb = 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patchStatus';

/** A connection to the twin of an API server, and what other clients, an administrator or a bad network may do to it. */
export interface TwinApi extends KubeApi, KubeTokens, KubeDiscovery, TwinLink {
  /** Another process's connection to the same server. */
  connect(): KubeApi & KubeTokens & KubeDiscovery & TwinLink;
  /** All connections at once, as when the server's machine dies. */
  readonly server: TwinLink;

  /** Creates or replaces, as another client. Keeps the status unless `object` has one. */
  apply(kind: KubeKind, object: Readonly<Record<string, unknown>>): KubeObject;
  remove(kind: KubeKind, name: ObjectName): void;
  read(kind: KubeKind, name: ObjectName): KubeObject | undefined;

  /** From now on requests about the kind fail: Forbidden without the right, NotFound for a kind that is not installed. */
  refuse(kind: KubeKind, failure: KubeFailure): void;
  allow(kind: KubeKind): void;
  /** Serves a kind as by a CustomResourceDefinition. `uninstall` removes all of its objects, then stops to serve it. */
  install(kind: KubeKind): void;
  /** What happens between the two steps of `uninstall`: the definition is being removed, and the objects are gone. */
  terminate(kind: KubeKind): void;
  uninstall(kind: KubeKind): void;
  /** How often somebody asked which kinds are served. */
  looks(): number;
  /** Forgets all earlier versions: a watch from one of them is Expired, and so is a list that has begun. */
  compact(): void;
  /** Sends each watch a bookmark of the current version. Otherwise a bookmark has the version of the kind's last change. */
  bookmark(): void;
  /** Ends every watch, as the server does after a while. */
  endWatches(): void;
  /** Makes a token, signs it and accepts it, as that of `holder`. */
  issueToken(content: TokenContent, holder?: TokenHolder): string;
  /** Signs with another key from now on; tokens of the old one stay good, but it is published no more. */
  changeSigner(): void;
  /** Refuses to publish its keys, as a server without a discovery endpoint does. */
  hideKeys(): void;
  revokeToken(token: string): void;
  /** How many such requests have arrived, including refused ones. */
  requests(verb: RequestVerb, kind: KubeKind): number;
}

export interface TwinApiOptions {
  readonly clock: Clock;
  /** How long a watch lasts. */
  readonly watchSeconds?: number | undefined;
  /** A longer page of a list is TooLarge. */
  readonly maxAnswerBytes?: number | undefined;
}

/** The twin of an API server. It awaits only the clock, does not check that namespaces exist, and has no controllers. */
export function createTwinApi({
  clock,
  watchSeconds = WATCH_SECONDS,
  maxAnswerBytes = Infinity,
}: TwinApiOptions): TwinApi {
  const waiters = createWaiters(clock);
  const answers = createTwinServer(clock);
  const server = createLink(waiters.wake);
  const orders = { bookmarks: 0, ends: 0 };
  const tokens = new Map<string, TokenHolder>();
  let signer = createTokenSigner();
  let keysHidden = false;
  let looks = 0;
  const requests = new Map<string, number>();

  const arrived = (verb: RequestVerb, kind: KubeKind, what: string) => {
    requests.set(`${verb} ${listPath(kind)}`, (requests.get(`${verb} ${listPath(kind)}`) ?? 0) + 1);
    answers.admit(kind, what);
  };

  const connect = (): KubeApi & KubeTokens & KubeDiscovery & TwinLink => {
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
          const answer = answers.list(kind, page);
          if (maxAnswerBytes < Infinity && JSON.stringify(answer).length > maxAnswerBytes) {
            throw new KubeApiError('TooLarge', `${what}: the answer is longer than ${maxAnswerBytes} bytes`);
          }
          return answer;
        });
      },
      async *watch(kind, from, signal) {
        const what = `GET ${listPath(kind)}?watch=true`;
        const accepted = await over(what, signal, () => {
          arrived('watch', kind, what);
          return { ...orders, breaks: link.breaks };
        });
        const watched = { clock, watchSeconds, store: answers.store, link, waiters, orders };
        yield* watchStore(watched, kind, { from, what, accepted, signal });
      },
      async get(kind, name, signal) {
        const what = `GET ${objectPath(kind, name)}`;
        return over(what, signal, () => {
          arrived('get', kind, what);
          return answers.get(kind, name);
        });
      },
      async write(write, signal) {
        const { verb, kind } = write;
        const what = `${verb} ${collectionPath(kind, (verb === 'patchStatus' ? write.name : write.object.metadata).namespace)}`;
        return over(what, signal, () => {
          arrived(verb, kind, what);
          const written = answers.write(write);
          waiters.wake();
          if (link.takeLoss()) throw brokenOff(what);
          return written;
        });
      },
      served(groups, signal) {
        return over(`GET ${DISCOVERY.path}`, signal, () => {
          looks += 1;
          return answers.served(groups);
        });
      },
      review(token, audiences, signal) {
        return over(`POST ${TOKEN_REVIEW.path}`, signal, () => verdict(tokens.get(token), audiences));
      },
      signingKeys(signal) {
        return over(`GET ${SIGNING_KEYS.path}`, signal, () => {
          if (keysHidden) throw new KubeApiError('NotFound', `GET ${SIGNING_KEYS.path}: not found`);
          return [signer.key];
        });
      },
    };
  };

  return {
    ...connect(),
    connect,
    server,
    apply(kind, object) {
      const applied = answers.apply(kind, object);
      waiters.wake();
      return applied;
    },
    remove(kind, name) {
      answers.store.remove(kind, name);
      waiters.wake();
    },
    read: answers.store.get,
    refuse: answers.refuse,
    allow: answers.allow,
    install: answers.install,
    terminate(kind) {
      answers.terminate(kind);
      waiters.wake();
    },
    uninstall(kind) {
      answers.terminate(kind);
      answers.uninstall(kind);
      orders.ends += 1;
      waiters.wake();
    },
    looks: () => looks,
    compact: answers.store.compact,
    bookmark() {
      orders.bookmarks += 1;
      waiters.wake();
    },
    endWatches() {
      orders.ends += 1;
      waiters.wake();
    },
    issueToken(content, holder = holderOf(content)) {
      const token = signer.sign(content);
      tokens.set(token, holder);
      return token;
    },
    changeSigner: () => void (signer = createTokenSigner()),
    hideKeys: () => void (keysHidden = true),
    revokeToken: token => void tokens.delete(token),
    requests: (verb, kind) => requests.get(`${verb} ${listPath(kind)}`) ?? 0,
  };
}

function verdict(holder: TokenHolder | undefined, audiences: readonly string[]): TokenReview {
  if (holder === undefined) return { authenticated: false, error: 'invalid bearer token' };
  const good = audiences.filter(audience => holder.audiences.includes(audience));
  if (good.length === 0) return { authenticated: false, error: `token is not for ${audiences.join(', ')}` };
  return { authenticated: true, username: holder.username, audiences: good, extra: holder.extra };
}
