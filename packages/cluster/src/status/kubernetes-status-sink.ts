import { isDeepStrictEqual } from 'node:util';
import { messageParser, PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import type { StatusEvent, StatusSink } from '../ports/status-sink.ts';
import { type KubeApi, KubeApiError, type KubeKind, type KubeObject, type ObjectName } from '../api/kube-api.ts';
import { eventObject } from './build-event.ts';
import { CLUSTER_PREFETCHES, EVENTS, PREFETCHES } from '../api/kinds.ts';
import { patchTo } from './make-merge-patch.ts';
import { createSeenStatuses, type SeenStatuses } from './detect-overwrites.ts';

export interface KubernetesStatusSinkOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** Who speaks in events: the pod's name. */
  readonly instance: string;
  /** What the source's requests bring; without it nothing is seen. */
  readonly seen?: SeenStatuses;
}

/** What goes back and forth is told once in this time; the status tells the rest. */
const SAME_EVENT_MS = 60_000;

/** Status in the resources' status subresource, and events beside them. It decides by what the API server holds, asked each time. */
export function createKubernetesStatusSink(options: KubernetesStatusSinkOptions): StatusSink {
  const { api, clock, instance, seen = createSeenStatuses() } = options;
  /** When an event was told last. */
  const told = new Map<string, number>();
  let events = 0;

  const isRepeated = (resource: ResourceRef, { type, reason }: StatusEvent): boolean => {
    const now = clock.monotonicMs();
    for (const [key, atMs] of told) if (now - atMs >= SAME_EVENT_MS) told.delete(key);
    const key = `${resourceName(resource)} ${type} ${reason}`;
    if (told.has(key)) return true;
    told.set(key, now);
    return false;
  };

  const get = (resource: ResourceRef, signal: AbortSignal) =>
    orGone(api.get(kindOf(resource), objectName(resource), signal));

  const current = (resource: ResourceRef, signal: AbortSignal) => {
    // What is written by others while the answer is on its way is news.
    seen.follow(resource);
    return get(resource, signal);
  };

  /** The object as it is afterwards: `object` itself where there is nothing to write. */
  const bring = (resource: ResourceRef, object: KubeObject, status: PrefetchStatus, signal: AbortSignal) => {
    if (isDeepStrictEqual(object.status, status)) return object;
    const [kind, name] = [kindOf(resource), objectName(resource)];
    const patch = { verb: 'patchStatus', kind, name, status: patchTo(object.status, status) } as const;
    return orGone(api.write(patch, signal));
  };

  return {
    async read(resource, signal) {
      const object = await current(resource, signal);
      if (object === undefined) return undefined;
      seen.settle(resource, object);
      return readable(object.status);
    },
    async write(resource, status, signal) {
      const object = await current(resource, signal);
      const written = object && (await bring(resource, object, status, signal));
      if (written === undefined) {
        seen.forget(resource);
        return 'gone';
      }
      seen.settle(resource, written);
      return written === object ? 'unchanged' : 'written';
    },
    async event(resource, event, signal) {
      if (isRepeated(resource, event)) return;
      const regarding = await get(resource, signal);
      if (regarding === undefined) return;
      events += 1;
      const object = eventObject(kindOf(resource), regarding, event, { clock, instance, number: events });
      await orGone(api.write({ verb: 'create', kind: EVENTS, object }, signal));
    },
    isOverwritten: resource => seen.isOverwritten(resource),
  };
}

function kindOf({ kind }: ResourceRef): KubeKind {
  return kind === 'Prefetch' ? PREFETCHES : CLUSTER_PREFETCHES;
}

function objectName({ namespace, name }: ResourceRef): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}

async function orGone(answer: Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KubeApiError && error.failure === 'NotFound') return undefined;
    throw error;
  }
}

const parseStatus = messageParser(PrefetchStatus, 'status');

/** One that another version wrote is as good as none: it is about to be overwritten. */
function readable(status: unknown): PrefetchStatus | undefined {
  try {
    return parseStatus(status);
  } catch {
    return undefined;
  }
}
