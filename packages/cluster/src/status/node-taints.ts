import type { Clock } from '@kube-prefetch/time';
import { EVENTS, NODES } from '../api/kinds.ts';
import { type KubeApi, KubeApiError, type KubeObject } from '../api/kube-api.ts';
import type { StatusEvent } from '../ports/source-and-sink.ts';
import { buildEvent } from './build-event.ts';

/** Takes taints off nodes. Its methods throw when something cannot be read or written; the caller tries again. */
export interface NodeTaints {
  /** All taints with this key; 'absent' where there is none, or no such node. */
  remove(node: string, key: string, signal: AbortSignal): Promise<'removed' | 'absent'>;
  event(node: string, event: StatusEvent, signal: AbortSignal): Promise<void>;
}

export interface NodeTaintsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** The pod's name, for events. */
  readonly instance: string;
}

/** Reads the node before it writes, so that no taint that somebody else puts on meanwhile is lost: that is a Conflict. */
export function createNodeTaints({ api, clock, instance }: NodeTaintsOptions): NodeTaints {
  let events = 0;

  const get = async (node: string, signal: AbortSignal): Promise<KubeObject | undefined> => {
    try {
      return await api.get(NODES, { name: node }, signal);
    } catch (error) {
      if (error instanceof KubeApiError && error.failure === 'NotFound') return undefined;
      throw error;
    }
  };

  return {
    async remove(node, key, signal) {
      const object = await get(node, signal);
      const spec = object?.spec as { readonly taints?: readonly { readonly key?: unknown }[] } | undefined;
      const left = spec?.taints?.filter(taint => taint.key !== key);
      if (object === undefined || left === undefined || left.length === spec?.taints?.length) return 'absent';
      const written = { ...object, spec: { ...spec, taints: left } };
      await api.write({ verb: 'replace', kind: NODES, object: written }, signal);
      return 'removed';
    },
    async event(node, event, signal) {
      const regarding = await get(node, signal);
      if (regarding === undefined) return;
      events += 1;
      const object = buildEvent(NODES, regarding, event, { clock, instance, number: events });
      await api.write({ verb: 'create', kind: EVENTS, object }, signal);
    },
  };
}
