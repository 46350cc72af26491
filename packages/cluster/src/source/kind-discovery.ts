import { backoffMs, type Clock, createTrigger, type Random } from '@kube-prefetch/time';
import type { KindRow } from '../workload-kinds/kind-row.ts';
import { apiVersionOf } from '../workload-kinds/kind-row.ts';
import { type KubeDiscovery, KubeApiError, type ServedKind, type ServedKinds } from '../api/kube-api.ts';
import type { SourceLog } from '../ports/source-and-sink.ts';
import { noteFailure, type Outage } from './decide-gap.ts';

export interface DiscoveryParts {
  readonly api: KubeDiscovery;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: SourceLog;
}

/** What the API server says of the kinds of these rows, asked for all of them at once. */
export interface KindDiscovery {
  /** Looks while a kind is not installed, and when somebody asks. Calls `looked` after each look. */
  run(looked: () => void, signal: AbortSignal): Promise<void>;
  /** Undefined before the first answer. */
  look(): Look | undefined;
  /** Asks for a look that begins then or later, if it is not too soon after the last one. */
  lookAt(dueMs: number): void;
  /** Undefined while the last look was answered. */
  outage(): Outage | undefined;
}

export interface Look extends ServedKinds {
  /** Monotonic. What it says was true at this time or later. */
  readonly startedMs: number;
}

/** While a kind is not installed. */
const LOOK_EVERY_MS = 60_000;
/** Whatever others ask for. */
const SHORTEST_PAUSE_MS = 5_000;
const BACKOFF = { baseMs: 1_000, capMs: LOOK_EVERY_MS };

export function createKindDiscovery(rows: readonly KindRow[], parts: DiscoveryParts): KindDiscovery {
  const { api, clock, random, log } = parts;
  const groups = [...new Set(rows.map(({ group }) => group))].sort();
  const wake = createTrigger(clock);
  let last: Look | undefined;
  let outage: Outage | undefined;
  let askedMs = Infinity;

  const take = async (signal: AbortSignal) => {
    const startedMs = clock.monotonicMs();
    askedMs = Infinity;
    try {
      last = { ...(await api.served(groups, signal)), startedMs };
      outage = undefined;
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeApiError)) throw error;
      log[outage === undefined ? 'warn' : 'debug']({ err: error }, 'cannot ask which kinds are served');
      outage = noteFailure(outage, error, clock.monotonicMs());
      return 1;
    }
  };

  return {
    async run(looked, signal) {
      for (let failures = 0; !signal.aborted; ) {
        const failed = await take(signal);
        failures = failed === 0 ? 0 : failures + 1;
        looked();
        const endedMs = clock.monotonicMs();
        const soonestMs = endedMs + (failures > 0 ? backoffMs(failures, random(), BACKOFF) : SHORTEST_PAUSE_MS);
        const missing = rows.some(row => findServed(row, last) === undefined);
        const latestMs = failures > 0 ? soonestMs : missing ? endedMs + LOOK_EVERY_MS : Infinity;
        const dueMs = () => Math.min(latestMs, Math.max(soonestMs, askedMs));
        while (clock.monotonicMs() < dueMs()) await wake.next(dueMs(), signal);
      }
    },
    look: () => last,
    lookAt(dueMs) {
      if (dueMs >= askedMs) return;
      askedMs = dueMs;
      wake.fire();
    },
    outage: () => outage,
  };
}

/** The kind of the row as the server serves it: in the row's version if it has that, else in the one that it prefers. */
export function findServed(row: KindRow, look: ServedKinds | undefined): ServedKind | undefined {
  const versions = (look?.kinds ?? []).filter(
    ({ apiVersion, kind }) => kind === row.kind && apiVersion.startsWith(`${row.group}/`),
  );
  return versions.find(({ apiVersion }) => apiVersion === apiVersionOf(row)) ?? versions[0];
}
