import type { KubeKind, KubeObject, ObjectName } from '../../src/api/kube-api.ts';

/** As in an API server's watch cache: a watch that lags further behind has to list again. */
const KEPT_CHANGES = 10_000;

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: KubeKind;
  readonly key: string;
  readonly revision: number;
  /** After the change; for DELETED, before it. */
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

/** Objects by kind and name, and the latest changes, numbered across all kinds as in etcd. */
export interface TwinStore {
  revision(): number;
  get(kind: KubeKind, name: ObjectName): KubeObject | undefined;
  /** Keeps the object with a new resourceVersion, and returns it. */
  put(kind: KubeKind, object: KubeObject): KubeObject;
  remove(kind: KubeKind, name: ObjectName): void;
  /** True when the state at `revision` and all later changes are still known. */
  remembers(revision: number): boolean;
  /** The objects of a kind at a remembered revision, sorted by name. */
  at(kind: KubeKind, revision: number): readonly (readonly [key: string, object: KubeObject])[];
  /** The first change to a kind after a remembered revision. */
  nextChange(kind: KubeKind, revision: number): Change | undefined;
  /** Forgets all changes so far. */
  compact(): void;
}

export function createTwinStore(): TwinStore {
  const kinds = new Map<string, Map<string, KubeObject>>();
  /** One for each revision above `forgotten`. */
  let changes: Change[] = [];
  let forgotten = 1;

  const revision = () => forgotten + changes.length;
  const objectsOf = (kind: KubeKind) => {
    const id = kindId(kind);
    const known = kinds.get(id);
    if (known !== undefined) return known;
    const objects = new Map<string, KubeObject>();
    kinds.set(id, objects);
    return objects;
  };
  const record = (type: Change['type'], kind: KubeKind, object: KubeObject): KubeObject => {
    const key = keyOf(object.metadata);
    const before = objectsOf(kind).get(key);
    const now = revision() + 1;
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion: String(now) } };
    changes.push({ type, kind, key, revision: now, object: stamped, before });
    if (changes.length > KEPT_CHANGES) {
      const dropped = KEPT_CHANGES / 2;
      changes = changes.slice(dropped);
      forgotten += dropped;
    }
    return stamped;
  };

  return {
    revision,
    get: (kind, name) => objectsOf(kind).get(keyOf(name)),
    put(kind, object) {
      const key = keyOf(object.metadata);
      const objects = objectsOf(kind);
      const kept = record(objects.has(key) ? 'MODIFIED' : 'ADDED', kind, object);
      objects.set(key, kept);
      return kept;
    },
    remove(kind, name) {
      const object = objectsOf(kind).get(keyOf(name));
      if (object === undefined) return;
      record('DELETED', kind, object);
      objectsOf(kind).delete(keyOf(name));
    },
    remembers: wanted => wanted >= forgotten,
    at(kind, wanted) {
      const then = new Map(objectsOf(kind));
      const since = changes.slice(wanted - forgotten).filter(change => kindId(change.kind) === kindId(kind));
      for (const { key, before } of since.toReversed()) {
        if (before === undefined) then.delete(key);
        else then.set(key, before);
      }
      return [...then].sort(([a], [b]) => (a < b ? -1 : 1));
    },
    nextChange(kind, wanted) {
      const id = kindId(kind);
      for (let index = Math.max(0, wanted - forgotten); index < changes.length; index += 1) {
        const change = changes[index];
        if (change !== undefined && kindId(change.kind) === id) return change;
      }
      return undefined;
    },
    compact() {
      forgotten = revision();
      changes = [];
    },
  };
}

/** Sorts as etcd does: by namespace, then by name. */
function keyOf({ namespace, name }: ObjectName): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function kindId({ apiVersion, plural }: KubeKind): string {
  return `${apiVersion}/${plural}`;
}
