import { isDeepStrictEqual } from 'node:util';
import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { StatusEvent, StatusSink } from '../../src/ports/source-and-sink.ts';

export type TwinStatusSink = StatusSink & {
  /** Keyed by `resourceName`. */
  readonly statuses: ReadonlyMap<string, PrefetchStatus>;
  readonly events: readonly (StatusEvent & { readonly resource: ResourceRef })[];
};

export interface TwinStatusSinkOptions {
  /** Whether the resource still exists. The default is that each one does. */
  readonly exists?: (resource: ResourceRef) => boolean;
}

export function createTwinStatusSink({ exists = () => true }: TwinStatusSinkOptions = {}): TwinStatusSink {
  const statuses = new Map<string, PrefetchStatus>();
  const events: (StatusEvent & { resource: ResourceRef })[] = [];

  return {
    statuses,
    events,
    async read(resource, signal) {
      signal.throwIfAborted();
      return statuses.get(resourceName(resource));
    },
    async write(resource, status, signal) {
      signal.throwIfAborted();
      const name = resourceName(resource);
      if (!exists(resource)) {
        statuses.delete(name);
        return 'gone';
      }
      if (isDeepStrictEqual(statuses.get(name), status)) return 'unchanged';
      statuses.set(name, status);
      return 'written';
    },
    async event(resource, event, signal) {
      signal.throwIfAborted();
      events.push({ ...event, resource });
    },
  };
}
