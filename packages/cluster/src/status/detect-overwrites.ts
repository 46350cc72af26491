import { isDeepStrictEqual } from 'node:util';
import { type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { KubeApi, KubeKind, KubeObject } from '../api/kube-api.ts';
import { CLUSTER_PREFETCHES, PREFETCHES } from '../api/kinds.ts';

/**
 * Tells what others wrote into statuses from what we wrote, by the lists and watches that run anyway. They may bring what was long
 * ago: only a newer version of an object is news.
 */
export interface SeenStatuses {
  /** The same API; what it lists and watches is seen. */
  through(api: KubeApi): KubeApi;
  /** What is seen of this one counts from here on. */
  follow(resource: ResourceRef): void;
  /** The server held this when it was asked, or when it took what we wrote. */
  settle(resource: ResourceRef, object: KubeObject): void;
  forget(resource: ResourceRef): void;
  /** Somebody changed the status after it was settled. */
  isOverwritten(resource: ResourceRef): boolean;
}

interface Held {
  readonly version: bigint;
  readonly status: unknown;
}

interface Followed {
  readonly settled?: Held | undefined;
  /** Newer than `settled`, and not the same. */
  readonly other?: Held | undefined;
}

export function createSeenStatuses(): SeenStatuses {
  const followed = new Map<string, Followed>();

  const saw = (kind: KubeKind, object: KubeObject) => {
    const name = nameOf(kind, object);
    const before = followed.get(name);
    const held = heldBy(object);
    if (before === undefined || held === undefined || held.version <= (before.other?.version ?? -1n)) return;
    followed.set(name, compare(before.settled, held));
  };

  return {
    through: api => ({
      ...api,
      async list(kind, page, signal) {
        const listed = await api.list(kind, page, signal);
        if (isOurs(kind)) for (const object of listed.items) saw(kind, object);
        return listed;
      },
      async *watch(kind, resourceVersion, signal) {
        for await (const event of api.watch(kind, resourceVersion, signal)) {
          if (isOurs(kind) && event.type === 'DELETED') followed.delete(nameOf(kind, event.object));
          else if (isOurs(kind) && event.type !== 'BOOKMARK') saw(kind, event.object);
          yield event;
        }
      },
    }),
    follow(resource) {
      const name = resourceName(resource);
      if (!followed.has(name)) followed.set(name, {});
    },
    settle(resource, object) {
      const name = resourceName(resource);
      followed.set(name, compare(heldBy(object), followed.get(name)?.other));
    },
    forget: resource => void followed.delete(resourceName(resource)),
    isOverwritten(resource) {
      const { settled, other } = followed.get(resourceName(resource)) ?? {};
      return settled !== undefined && other !== undefined;
    },
  };
}

function compare(settled: Held | undefined, other: Held | undefined): Followed {
  if (settled === undefined || other === undefined) return { settled, other };
  if (other.version <= settled.version) return { settled };
  return isDeepStrictEqual(other.status, settled.status) ? { settled: other } : { settled, other };
}

function nameOf({ kind }: KubeKind, { metadata }: KubeObject): string {
  return resourceName({ ...metadata, kind: kind as ResourceRef['kind'] });
}

/** Undefined where the version is none that can be compared; those of Kubernetes are numbers that count up. */
function heldBy({ metadata: { resourceVersion = '' }, status }: KubeObject): Held | undefined {
  return /^\d+$/.test(resourceVersion) ? { version: BigInt(resourceVersion), status } : undefined;
}

function isOurs(kind: KubeKind): boolean {
  return kind === PREFETCHES || kind === CLUSTER_PREFETCHES;
}
