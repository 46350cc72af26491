import { isDeepStrictEqual } from 'node:util';
import { type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { KubeApi, KubeKind, KubeObject, ObjectMeta } from '../api/kube-api.ts';
import { RESOURCES } from '../api/kinds.ts';

/**
 * Detects statuses that somebody else wrote over, from the lists and watches that run anyway. These may show an old version of
 * an object: only a newer version than the one that we read or wrote counts.
 */
export interface OverwriteDetector {
  /** The same API, which notes each object that it lists or watches. */
  through(api: KubeApi): KubeApi;
  /** Notes what is listed or watched of this resource from now on. */
  follow(resource: ResourceRef): void;
  /** The object as the server returned it to our last read or write. */
  settle(resource: ResourceRef, object: KubeObject): void;
  forget(resource: ResourceRef): void;
  /** What the server holds of it as far as is known; undefined where nothing is, or where somebody else changed the status. */
  known(resource: ResourceRef): KubeObject | undefined;
  /** True when somebody changed the status after `settle`. */
  isOverwritten(resource: ResourceRef): boolean;
}

interface VersionedStatus {
  readonly version: bigint;
  readonly metadata: Pick<ObjectMeta, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;
  readonly status: unknown;
}

interface Followed {
  readonly settled?: VersionedStatus | undefined;
  /** A newer version than `settled`, with another status. */
  readonly other?: VersionedStatus | undefined;
}

export function createOverwriteDetector(): OverwriteDetector {
  const followed = new Map<string, Followed>();

  const saw = (kind: ResourceRef['kind'], object: KubeObject) => {
    const name = nameOf(kind, object);
    const before = followed.get(name);
    const noted = statusOf(object);
    if (before === undefined || noted === undefined || noted.version <= (before.other?.version ?? -1n)) return;
    followed.set(name, compare(before.settled, noted));
  };

  return {
    through: api => ({
      ...api,
      async list(kind, page, signal) {
        const listed = await api.list(kind, page, signal);
        const ours = ownKind(kind);
        if (ours !== undefined && !page.namesOnly) for (const object of listed.items) saw(ours, object);
        return listed;
      },
      async *watch(kind, resourceVersion, signal) {
        const ours = ownKind(kind);
        for await (const event of api.watch(kind, resourceVersion, signal)) {
          if (ours !== undefined && event.type === 'DELETED') followed.delete(nameOf(ours, event.object));
          else if (ours !== undefined && event.type !== 'BOOKMARK') saw(ours, event.object);
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
      followed.set(name, compare(statusOf(object), followed.get(name)?.other));
    },
    forget: resource => void followed.delete(resourceName(resource)),
    known(resource) {
      const { settled, other } = followed.get(resourceName(resource)) ?? {};
      return other === undefined && settled ? { metadata: settled.metadata, status: settled.status } : undefined;
    },
    isOverwritten(resource) {
      const { settled, other } = followed.get(resourceName(resource)) ?? {};
      return settled !== undefined && other !== undefined;
    },
  };
}

function compare(settled: VersionedStatus | undefined, other: VersionedStatus | undefined): Followed {
  if (settled === undefined || other === undefined) return { settled, other };
  if (other.version <= settled.version) return { settled };
  return isDeepStrictEqual(other.status, settled.status) ? { settled: other } : { settled, other };
}

function nameOf(kind: ResourceRef['kind'], { metadata }: KubeObject): string {
  return resourceName({ ...metadata, kind });
}

/** Undefined when the version is not a number. Those of Kubernetes are numbers that increase. */
function statusOf({ metadata, status }: KubeObject): VersionedStatus | undefined {
  const { namespace, name, uid, resourceVersion = '' } = metadata;
  if (!/^\d+$/.test(resourceVersion)) return undefined;
  const kept = {
    name,
    resourceVersion,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
  };
  return { version: BigInt(resourceVersion), metadata: kept, status };
}

/** Undefined for what has no status of ours. */
function ownKind(kind: KubeKind): ResourceRef['kind'] | undefined {
  return (Object.keys(RESOURCES) as ResourceRef['kind'][]).find(ours => RESOURCES[ours] === kind);
}
