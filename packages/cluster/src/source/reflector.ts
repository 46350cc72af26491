import type { Clock, Random } from '@kube-prefetch/time';
import type { SourceLog } from '../source-log.ts';
import { type KubeApi, KubeApiError, type KubeEvent } from '../api/kube-api.ts';
import { kindName } from '../api/kind-name.ts';
import { nextRound, type RoundEnd } from './decide-relist.ts';
import { createObjectStore, type Projection, type StoredObject } from './object-store.ts';
import { noteFailure, type Outage } from './outage.ts';
import { untilSilent } from './read-until-silent.ts';

export interface ReflectorParts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SourceLog;
}

/** Keeps what is wanted of all objects of one kind as the API server has them. */
export interface Reflector<T> {
  /** As `kubectl` writes the kind. */
  readonly name: string;
  /**
   * Lists, and watches from there, until the signal aborts; calls `changed` when anything below may answer anew. A later run
   * goes on from where the one before stopped.
   */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  /** Undefined before the first full list. What did not change keeps its identity, up to the whole list. */
  values(): readonly T[] | undefined;
  /** A sentence for each object that does not count as it is. */
  problems(): readonly string[];
  /** Undefined while reading works. */
  outage(): Outage | undefined;
}

const PAGE_LIMIT = 500;
/** Kinds in which something happens get a bookmark about once a minute; a watch on a quiet one is renewed at little cost. */
const PATIENCE = { openMs: 15_000, silentMs: 90_000 };

export function createReflector<T>(projection: Projection<T>, parts: ReflectorParts): Reflector<T> {
  const { kind } = projection;
  const { api, clock, random, log } = parts;
  const name = kindName(kind);
  const store = createObjectStore(projection);
  let listed = false;
  /** Where to watch from; undefined: list. */
  let version: string | undefined;
  let outage: Outage | undefined;

  /** What was listed before stays in use until the last page is here. Returns the version that the list shows. */
  const list = async (changed: () => void, signal: AbortSignal): Promise<string> => {
    const startedMs = clock.monotonicMs();
    const found = new Map<string, StoredObject<T>>();
    for (let after: string | undefined; ; ) {
      const request = { limit: PAGE_LIMIT, ...(after === undefined ? {} : { after }) };
      const page = await api.list(kind, request, signal);
      store.take(page.items, found);
      after = page.next;
      if (after !== undefined) continue;
      const differs = store.replace(found) || !listed;
      listed = true;
      log.info({ kind: name, objects: found.size, tookMs: Math.round(clock.monotonicMs() - startedMs) }, 'listed');
      if (differs) changed();
      return page.resourceVersion;
    }
  };

  /** Whether anything changed that is kept. */
  const take = (event: KubeEvent): boolean => {
    if (event.type === 'BOOKMARK') {
      version = event.resourceVersion;
      return false;
    }
    version = event.object.metadata.resourceVersion ?? version;
    return store.apply(event);
  };

  /** Whether there was an outage. */
  const recover = (): boolean => {
    if (outage === undefined) return false;
    log.info({ kind: name, afterMs: Math.round(clock.monotonicMs() - outage.first.sinceMs) }, 'can be read again');
    outage = undefined;
    return true;
  };

  const fail = (error: KubeApiError) => {
    const before = outage;
    outage = noteFailure(before, error, clock.monotonicMs());
    const news = outage.first !== before?.first || outage.refused !== before.refused;
    log[news ? 'warn' : 'debug']({ kind: name, err: error }, 'cannot be read');
  };

  const round = async (changed: () => void, signal: AbortSignal): Promise<Omit<RoundEnd, 'failures'>> => {
    const mustList = version === undefined;
    let acceptedMs: number | undefined;
    let error: KubeApiError | undefined;
    const stood = () => (acceptedMs === undefined ? 0 : clock.monotonicMs() - acceptedMs);
    try {
      const from = version ?? (await list(changed, signal));
      version = from;
      await untilSilent(
        { clock, ...PATIENCE },
        inTime => api.watch(kind, from, inTime),
        event => {
          acceptedMs ??= clock.monotonicMs();
          const recovered = recover();
          if (take(event) || recovered) changed();
        },
        signal,
      );
    } catch (thrown) {
      signal.throwIfAborted();
      // What else is thrown is a bug.
      if (!(thrown instanceof KubeApiError)) throw thrown;
      error = thrown;
    }
    return { stoodMs: stood(), error, listed: mustList };
  };

  return {
    name,
    async run(changed, signal) {
      for (let failures = 0; !signal.aborted; ) {
        const end = await round(changed, signal);
        const next = nextRound({ failures, ...end }, random());
        failures = next.failures;
        if (next.list) version = undefined;
        if (end.error !== undefined && failures > 0) {
          fail(end.error);
          changed();
        }
        await clock.sleep(next.pauseMs, signal);
      }
    },
    values: () => (listed ? store.values() : undefined),
    problems: () => store.problems(),
    outage: () => outage,
  };
}
