import { isDeepStrictEqual } from 'node:util';
import { MalformedField } from '../to-state/index.ts';
import type { KubeEvent, KubeKind, KubeObject } from '../api/kube-api.ts';

/** What is kept of the objects of one kind. */
export interface Projection<T> {
  readonly kind: KubeKind;
  /** Throws MalformedField. */
  project(object: KubeObject): T;
}

/** One object as it counts. */
export interface StoredObject<T> {
  /** Undefined where it has never been well-formed. */
  readonly value: T | undefined;
  /** Why `value` is not what the object says now, a sentence. */
  readonly problem: string | undefined;
}

export type StoredObjects<T> = ReadonlyMap<string, StoredObject<T>>;

/** The objects of one kind, projected. An object of which nothing changed that is kept keeps its identity, and so do lists. */
export interface ObjectStore<T> {
  /** Whether anything changed that is kept. */
  apply(event: Exclude<KubeEvent, { type: 'BOOKMARK' }>): boolean;
  /** Adds what a page of a list holds to `listed`, as it would count. */
  take(objects: readonly KubeObject[], listed: Map<string, StoredObject<T>>): void;
  /** Holds what was listed and nothing else. Whether anything changed that is kept. */
  replace(listed: StoredObjects<T>): boolean;
  /** By namespace and name. */
  values(): readonly T[];
  problems(): readonly string[];
}

export function createObjectStore<T>(projection: Projection<T>): ObjectStore<T> {
  let objects = new Map<string, StoredObject<T>>();
  let inOrder: { readonly values: readonly T[]; readonly problems: readonly string[] } | undefined;

  return {
    apply({ type, object }) {
      const key = keyOf(object);
      const before = objects.get(key);
      const after = type === 'DELETED' ? undefined : readObject(projection, object, before);
      if (after === before) return false;
      if (after === undefined) objects.delete(key);
      else objects.set(key, after);
      inOrder = undefined;
      return true;
    },
    take(page, listed) {
      for (const object of page) {
        const key = keyOf(object);
        listed.set(key, readObject(projection, object, objects.get(key)));
      }
    },
    replace(listed) {
      const same =
        listed.size === objects.size && listed.entries().every(([key, object]) => objects.get(key) === object);
      if (same) return false;
      objects = new Map(listed);
      inOrder = undefined;
      return true;
    },
    values: () => (inOrder ??= sorted(objects)).values,
    problems: () => (inOrder ??= sorted(objects)).problems,
  };
}

/** `previous` itself where nothing changed; a malformed object counts as it did when it was last well-formed. */
function readObject<T>(
  { kind, project }: Projection<T>,
  object: KubeObject,
  previous: StoredObject<T> | undefined,
): StoredObject<T> {
  let next: StoredObject<T>;
  try {
    next = { value: project(object), problem: undefined };
  } catch (error) {
    if (!(error instanceof MalformedField)) throw error;
    const counts = previous?.value === undefined ? 'it does not count' : 'what it said before counts';
    next = { value: previous?.value, problem: `${kind.kind} ${keyOf(object)}: ${error.message}; ${counts}` };
  }
  return isDeepStrictEqual(next, previous) ? (previous as StoredObject<T>) : next;
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function sorted<T>(objects: StoredObjects<T>) {
  const values: T[] = [];
  const problems: string[] = [];
  for (const [, { value, problem }] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value !== undefined) values.push(value);
    if (problem !== undefined) problems.push(problem);
  }
  return { values, problems };
}
