import { isDeepStrictEqual } from 'node:util';
import { messageParser, PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import type { StatusEvent, StatusSink } from '../ports/status-sink.ts';
import { type KubeApi, KubeApiError, type KubeKind, type KubeObject, type ObjectName } from './api.ts';
import { eventObject } from './event-object.ts';
import { CLUSTER_PREFETCHES, EVENTS, PREFETCHES } from './kinds.ts';
import { patchTo } from './patch-to.ts';

export interface KubernetesStatusSinkOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** Who speaks in events: the pod's name. */
  readonly instance: string;
}

/** What goes back and forth is told once in this time; the status tells the rest. */
const SAME_EVENT_MS = 60_000;

/** Status in the resources' status subresource, and events beside them. It remembers no status: the API server does. */
export function createKubernetesStatusSink({ api, clock, instance }: KubernetesStatusSinkOptions): StatusSink {
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

  return {
    async read(resource, signal) {
      const object = await orGone(api.get(kindOf(resource), objectName(resource), signal));
      return object === undefined ? undefined : readable(object.status);
    },
    async write(resource, status, signal) {
      const [kind, name] = [kindOf(resource), objectName(resource)];
      const object = await orGone(api.get(kind, name, signal));
      if (object === undefined) return 'gone';
      if (isDeepStrictEqual(object.status, status)) return 'unchanged';
      const patch = { verb: 'patchStatus', kind, name, status: patchTo(object.status, status) } as const;
      return (await orGone(api.write(patch, signal))) === undefined ? 'gone' : 'written';
    },
    async event(resource, event, signal) {
      if (isRepeated(resource, event)) return;
      const regarding = await orGone(api.get(kindOf(resource), objectName(resource), signal));
      if (regarding === undefined) return;
      events += 1;
      const object = eventObject(kindOf(resource), regarding, event, { clock, instance, number: events });
      await api.write({ verb: 'create', kind: EVENTS, object }, signal);
    },
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
