import { type Clock, DeadlineExceeded, type Random } from '@kube-prefetch/time';
import type { SourceLog } from '../ports/source-and-sink.ts';
import { type KubeApi, KubeApiError, type KubeEvent } from '../api/kube-api.ts';
import { kindName } from '../api/kinds.ts';
import { decideRelist, type RoundEnd, STEADY_MS } from './decide-relist.ts';
import { createObjectStore, type Projection, type StoredObject } from './object-store.ts';
import { noteFailure, type Outage } from './decide-gap.ts';
import { readUntilSilent } from './read-until-silent.ts';

export interface ReflectorParts {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SourceLog;
}

/** Keeps a projection of all objects of one kind up to date with the API server. */
export interface Reflector<T> {
  /** The kind as kubectl writes it. */
  readonly name: string;
  /**
   * Lists, then watches, until the signal aborts. Calls `changed` when a method below may return something new. A later run
   * goes on where the previous one stopped.
   */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  /** Undefined before the first full list. Returns the same array while no value changed. */
  values(): readonly T[] | undefined;
  /** A sentence for each malformed object. */
  problems(): readonly string[];
  /** Undefined while the kind can be read. */
  outage(): Outage | undefined;
}

const PAGE_LIMIT = 500;
/** A page that is slower than its deadline is not made smaller than this: the server may hang. */
const SLOW_PAGE_LIMIT = 20;
/** A kind that is not served comes with an upgrade of the server, if at all. */
const ABSENT_PAUSE_MS = 60_000;
/** Far more than a cluster has of any kind; then something is wrong with what answers. */
const MAX_OBJECTS = 500_000;
/** Pages in a row that bring nothing new; a server may leave some empty. */
const MAX_IDLE_PAGES = 100;
const TOO_LARGE = 'it is larger than what is read of the API server at once';
/** A kind with changes gets a bookmark about once a minute. A watch of a quiet kind is renewed, which costs little. */
const PATIENCE = { openMs: 15_000, silentMs: 90_000 };

export function createReflector<T>(projection: Projection<T>, parts: ReflectorParts): Reflector<T> {
  const { kind } = projection;
  const { api, clock, random, log } = parts;
  const name = kindName(kind);
  const store = createObjectStore(projection);
  let listed = false;
  /** The version to watch from; undefined when a list is needed. */
  let version: string | undefined;
  let outage: Outage | undefined;

  /** That the last watch was accepted says little where the one before ended without having brought anything. */
  let wasFruitless = false;

  let limit = PAGE_LIMIT;
  /** Less than a page that came too late; no larger one is asked for until a list is whole. */
  let mostInTime = PAGE_LIMIT;

  /**
   * Halves a page that is too large, down to one object. If one object alone is too large, it reads only the name. A page that came
   * too late is halved for the next try.
   */
  const readPage = async (after: string | undefined, found: Map<string, StoredObject<T>>, signal: AbortSignal) => {
    for (;;) {
      const request = { limit, ...(after === undefined ? {} : { after }) };
      try {
        const page = await api.list(kind, request, signal);
        store.take(page.items, found);
        limit = Math.min(mostInTime, limit * 2);
        return page;
      } catch (error) {
        if (!(error instanceof KubeApiError)) throw error;
        if (error.cause instanceof DeadlineExceeded && limit > SLOW_PAGE_LIMIT)
          limit = mostInTime = Math.ceil(limit / 2);
        if (error.failure !== 'TooLarge') throw error;
      }
      if (limit === 1) {
        const page = await api.list(kind, { ...request, namesOnly: true }, signal);
        store.passOver(page.items, TOO_LARGE, found);
        return page;
      }
      limit = Math.floor(limit / 2);
    }
  };

  /** The previous list stays in use until the last page has come. Returns the version of the list. */
  const list = async (changed: () => void, signal: AbortSignal): Promise<string> => {
    const startedMs = clock.monotonicMs();
    const found = new Map<string, StoredObject<T>>();
    let idlePages = 0;
    for (let after: string | undefined; ; ) {
      const before = found.size;
      const page = await readPage(after, found, signal);
      idlePages = found.size > before ? 0 : idlePages + 1;
      if (idlePages > MAX_IDLE_PAGES) throw new KubeApiError('ServerError', 'a list goes on without new objects');
      mustFit(found.size);
      after = page.next;
      if (after !== undefined) continue;
      mostInTime = PAGE_LIMIT;
      const differs = store.replace(found) || !listed;
      listed = true;
      log.info({ kind: name, objects: found.size, tookMs: Math.round(clock.monotonicMs() - startedMs) }, 'listed');
      if (differs) changed();
      return page.resourceVersion;
    }
  };

  /** True when a kept value changed. */
  const take = (event: KubeEvent): boolean => {
    if (event.type === 'BOOKMARK') {
      version = laterOf(version, event.resourceVersion);
      return false;
    }
    version = laterOf(version, event.object.metadata.resourceVersion ?? version);
    const changed = store.apply(event);
    mustFit(store.size());
    return changed;
  };

  /** True when this ended an outage. */
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
    let brought = false;
    let error: KubeApiError | undefined;
    const lasted = () => (acceptedMs === undefined ? 0 : clock.monotonicMs() - acceptedMs);
    try {
      const from = version ?? (await list(changed, signal));
      version = from;
      if (mustList && recover()) changed();
      await readUntilSilent(
        { clock, ...PATIENCE },
        inTime => api.watch(kind, from, inTime),
        event => {
          if (acceptedMs !== undefined) brought = true;
          acceptedMs ??= clock.monotonicMs();
          const recovered = (brought || !wasFruitless) && recover();
          if (take(event) || recovered) changed();
        },
        signal,
      );
    } catch (thrown) {
      signal.throwIfAborted();
      // Any other error is a bug.
      if (!(thrown instanceof KubeApiError)) throw thrown;
      error = thrown;
    }
    const fruitless = acceptedMs !== undefined && !brought && lasted() < STEADY_MS;
    if (fruitless && wasFruitless) error ??= new KubeApiError('Unreachable', 'watches end as soon as they begin');
    if (!fruitless && acceptedMs !== undefined && recover()) changed();
    wasFruitless = fruitless;
    return { lastedMs: lasted(), error, listed: mustList, fruitless };
  };

  return {
    name,
    async run(changed, signal) {
      for (let failures = 0; !signal.aborted; ) {
        const end = await round(changed, signal);
        const next = decideRelist({ failures, ...end }, random());
        failures = next.failures;
        if (next.list) version = undefined;
        if (projection.mayBeAbsent && end.error?.failure === 'NotFound') {
          const isNews = !listed;
          listed = true; // What was read before still counts: a replica of the server may be an older one.
          if (isNews) changed();
          await clock.sleep(ABSENT_PAUSE_MS, signal);
          continue;
        }
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

/**
 * Versions of one kind can be compared as integers (KEP-5504). Whoever went back to an older one would hear again what has been
 * undone since.
 */
function laterOf(known: string | undefined, told: string | undefined): string | undefined {
  const areIntegers = [known, told].every(version => /^\d{1,20}$/.test(version ?? ''));
  return areIntegers && BigInt(told ?? 0) < BigInt(known ?? 0) ? known : told;
}

function mustFit(objects: number): void {
  if (objects > MAX_OBJECTS)
    throw new KubeApiError('TooLarge', `there are more than ${MAX_OBJECTS} objects of the kind`);
}
