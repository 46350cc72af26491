import { isDeepStrictEqual } from 'node:util';
import { errorText } from '@kube-prefetch/protocol';
import { MalformedField } from '../to-state/index.ts';
import type { KubeEvent, KubeKind, KubeObject } from '../api/kube-api.ts';

/** Says what is kept of an object of one kind. */
export interface Projection<T> {
  readonly kind: KubeKind;
  /** Some API servers do not serve the kind; then there are no such objects. */
  readonly mayBeAbsent?: boolean;
  /** Throws MalformedField. */
  project(object: KubeObject): T;
}

/** The last good value of one object. */
export interface StoredObject<T> {
  /** Undefined when the object was never well-formed. */
  readonly value: T | undefined;
  /** A sentence that says why the object as it is now cannot be used. */
  readonly problem: string | undefined;
}

export type StoredObjects<T> = ReadonlyMap<string, StoredObject<T>>;

/** The projected objects of one kind. A value that did not change stays the same object, and so does the whole list. */
export interface ObjectStore<T> {
  /** True when a kept value changed. */
  apply(event: Exclude<KubeEvent, { type: 'BOOKMARK' }>): boolean;
  /** Projects the objects of one page of a list into `listed`; nothing else changes. */
  take(objects: readonly KubeObject[], listed: Map<string, StoredObject<T>>): void;
  /** Notes in `listed` that these objects exist but cannot be read. */
  passOver(objects: readonly KubeObject[], problem: string, listed: Map<string, StoredObject<T>>): void;
  /** Keeps the listed objects and drops all others. True when a kept value changed. */
  replace(listed: StoredObjects<T>): boolean;
  size(): number;
  /** Sorted by namespace and name. */
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
    passOver(page, problem, listed) {
      for (const object of page) {
        const key = keyOf(object);
        listed.set(key, withProblem(projection.kind, object, problem, objects.get(key)));
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
    size: () => objects.size,
    values: () => (inOrder ??= sorted(objects)).values,
    problems: () => (inOrder ??= sorted(objects)).problems,
  };
}

/** Returns `previous` itself when nothing changed. A malformed object keeps its last good value. */
function readObject<T>(
  { kind, project }: Projection<T>,
  object: KubeObject,
  previous: StoredObject<T> | undefined,
): StoredObject<T> {
  try {
    const next: StoredObject<T> = { value: project(object), problem: undefined };
    return isDeepStrictEqual(next, previous) ? (previous as StoredObject<T>) : next;
  } catch (error) {
    // Anything else is a bug of ours. Thrown on, it would let one object end the reading of all.
    const why = error instanceof MalformedField ? error.message : `it cannot be read (${errorText(error)})`;
    return withProblem(kind, object, why, previous);
  }
}

function withProblem<T>(
  { kind }: KubeKind,
  object: KubeObject,
  why: string,
  previous: StoredObject<T> | undefined,
): StoredObject<T> {
  const counts = previous?.value === undefined ? 'it does not count' : 'what it said before counts';
  const problem = `${kind} ${keyOf(object)}: ${why}; ${counts}`;
  return previous?.problem === problem ? previous : { value: previous?.value, problem };
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
