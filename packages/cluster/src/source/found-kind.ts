import type { KnownKind, Workload } from '@kube-prefetch/core';
import { createTrigger, runTogether } from '@kube-prefetch/time';
import type { KubeKind, ServedKind } from '../api/kube-api.ts';
import type { KindRow } from '../workload-kinds/kind-row.ts';
import { toWorkloads } from '../workload-kinds/to-workloads.ts';
import { fields } from '../to-state/index.ts';
import { describeOutage, isGap, type Outage } from './decide-gap.ts';
import { believe, countingValues, type KeptObjects, nextAskMs, noteListed, nothingKept } from './keep-removed.ts';
import { findServed, type KindDiscovery } from './kind-discovery.ts';
import { createReflector, type Reflector, type ReflectorParts } from './reflector.ts';

/** A kind that some API servers serve: read for as long as this one does. */
export interface FoundKind {
  /** Calls `changed` when a method below may return something new. */
  run(changed: () => void, signal: AbortSignal): Promise<void>;
  /** The discovery has looked. */
  looked(): void;
  /** By object. What counted when the kind ceased to be served counts on. */
  values(): readonly (readonly Workload[])[];
  /** It cannot be told yet which objects there are, nor that this cannot be told. */
  awaited(): boolean;
  describe(): KnownKind;
}

const MAX_TOLD = 3;

export function createFoundKind(row: KindRow, discovery: KindDiscovery, parts: ReflectorParts): FoundKind {
  const { clock } = parts;
  const { group, kind } = row;
  const wake = createTrigger(clock);
  const name = `${row.plural}.${group}`;
  /** As the last look said; `undefined`: not served. */
  let served: ServedKind | undefined;
  let inNoNamespace = false;
  let reflector: Reflector<readonly Workload[]> | undefined;
  let seen: readonly (readonly Workload[])[] | undefined;
  let kept: KeptObjects<readonly Workload[]> = nothingKept();
  let values: readonly (readonly Workload[])[] = [];
  let everRead = false;

  const settle = () => {
    const before = kept;
    const listed = reflector?.values();
    if (listed !== undefined && listed !== seen) {
      everRead = true;
      seen = listed;
      kept = noteListed(kept, new Map(listed.map(object => [nameOf(object), object])), clock.monotonicMs());
    }
    const look = discovery.look();
    // A kind that was installed again and is not listed yet says nothing about what is gone.
    if (look && listed !== undefined && served?.creatable) kept = believe(kept, look.startedMs);
    if (reflector !== undefined) discovery.lookAt(nextAskMs(kept));
    if (kept !== before) values = countingValues(kept);
  };

  const readWhileServed = async (from: ServedKind, changed: () => void, signal: AbortSignal) => {
    const reading = createReflector(projectionOf(row, from), parts);
    reflector = reading;
    seen = undefined;
    const untilAnother = async (running: AbortSignal) => {
      while (served !== undefined && isSame(served, from)) await wake.next(Infinity, running);
      throw new NoLongerServed();
    };
    const read = (running: AbortSignal) =>
      reading.run(() => {
        if (isMissing(reading.outage())) discovery.lookAt(clock.monotonicMs());
        settle();
        changed();
      }, running);
    try {
      await runTogether([read, untilAnother], signal);
    } catch (error) {
      if (!(error instanceof NoLongerServed)) throw error;
    } finally {
      reflector = undefined;
    }
  };

  return {
    async run(changed, signal) {
      while (!signal.aborted) {
        if (served === undefined) await wake.next(Infinity, signal);
        else await readWhileServed(served, changed, signal);
      }
    },
    looked() {
      const look = discovery.look();
      if (look === undefined || look.unknown.includes(group)) return;
      const found = findServed(row, look);
      served = found?.namespaced ? found : undefined;
      inNoNamespace = found?.namespaced === false;
      settle();
      wake.fire();
    },
    values: () => values,
    awaited: () => !everRead && gaps().length === 0 && (discovery.look() === undefined || served !== undefined),
    describe: () => ({ group, kind, read: everRead, gaps: gaps(), notes: notes() }),
  };

  function gaps(): readonly string[] {
    const counts = everRead ? 'what was read last counts' : 'nothing of it is known yet';
    const look = discovery.outage();
    if (discovery.look() === undefined && look !== undefined && isGap(look))
      return [
        `${name} cannot be read: which kinds the API server serves is not known, ${describeOutage(look)}; ${counts}`,
      ];
    const outage = reflector?.outage();
    const outages =
      outage !== undefined && isGap(outage)
        ? [`${name} cannot be read: ${isMissing(outage) ? NOT_SERVED : describeOutage(outage)}; ${counts}`]
        : [];
    const problems = reflector?.problems() ?? [];
    const more = problems.length > MAX_TOLD ? [`and ${problems.length - MAX_TOLD} more of ${name}`] : [];
    return [...outages, ...problems.slice(0, MAX_TOLD), ...more];
  }

  function notes(): readonly string[] {
    if (discovery.look() === undefined || served?.creatable) return [];
    if (inNoNamespace) return [`${name} are in no namespace, so they are no workloads`];
    if (kept.listed.size + kept.gone.size > 0)
      return [`${name} is no longer served; what was read last counts until it is`];
    return served === undefined ? [`${name} is not installed`] : [];
  }
}

class NoLongerServed extends Error {
  override readonly name = 'NoLongerServed';
}

const NOT_SERVED = 'NotFound: the API server names the kind and does not serve it';

function isMissing(outage: Outage | undefined): boolean {
  return (outage?.refused ?? outage?.first)?.failure === 'NotFound';
}

function isSame(a: KubeKind, b: KubeKind): boolean {
  return a.apiVersion === b.apiVersion && a.plural === b.plural;
}

function projectionOf(row: KindRow, kind: KubeKind) {
  return { kind, project: (object: object) => toWorkloads(row, fields.root(object)) };
}

function nameOf([workload]: readonly Workload[]): string {
  return `${workload?.namespace}/${workload?.name}`;
}
