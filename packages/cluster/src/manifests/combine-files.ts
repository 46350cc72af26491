import { isDeepStrictEqual } from 'node:util';
import {
  type ClusterState,
  type Namespace,
  type Resource,
  secretName,
  type ServiceAccount,
  type Workload,
} from '@kube-prefetch/core';
import { resourceName } from '@kube-prefetch/protocol';
import { withOwnLabel } from '../to-state/index.ts';
import { nextState, reuseEqual } from '../to-state/next-state.ts';
import type { ReadSecret } from '../ports/secret-reader.ts';
import type { ManifestObject, ManifestPart } from './kind-readers.ts';
import type { LineProblem } from './parse-documents.ts';

/** What one file adds to the state. A broken file adds the objects of its last good state. */
export interface FileContribution {
  readonly path: string;
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly LineProblem[];
}

/**
 * Makes one state of all files. Of an object that is declared twice the first one counts, sorted by path and line. Parts that
 * equal those of `previous` stay the same objects, and so does the whole state.
 */
export function combineFiles(
  files: readonly FileContribution[],
  previous: ClusterState | undefined,
  failures: readonly string[],
  ownNamespace?: string,
  kinds: ClusterState['kinds'] = previous?.kinds,
): ClusterState {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const { unique, duplicates } = withoutDuplicates(sorted);
  const gaps = [...failures, ...sorted.flatMap(brokenLines), ...duplicates, ...invalidResources(unique)];
  const workloads = valuesOf(unique, 'workloads').flat();
  const resources = countGenerations(valuesOf(unique, 'resources'), previous?.resources);
  const namespaces = withImplied(
    valuesOf(unique, 'namespaces'),
    workloads.map(({ namespace }) => namespace),
  );
  const accounts = withDefaultAccounts(valuesOf(unique, 'serviceAccounts'), namespaces);
  return nextState(previous, {
    resources: reuseEqual(previous?.resources, resources, ({ ref }) => resourceName(ref)),
    workloads: reuseEqual(previous?.workloads, workloads, workloadKey),
    kinds,
    namespaces: reuseEqual(previous?.namespaces, namespaces, ({ name }) => name),
    serviceAccounts: reuseEqual(previous?.serviceAccounts, accounts, secretName),
    ownNamespace,
    nodes: reuseEqual(previous?.nodes, valuesOf(unique, 'nodes'), ({ name }) => name),
    deviceClasses: previous?.deviceClasses ?? [],
    resourceSlices: previous?.resourceSlices ?? [],
    gaps,
  });
}

/** By `namespace/name`. They are no part of the state: nothing but a pull needs what is in them. */
export function secretsIn(files: readonly FileContribution[]): ReadonlyMap<string, ReadSecret> {
  const { unique } = withoutDuplicates(files.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  return new Map(valuesOf(unique, 'secrets').map(({ name, secret }) => [name, secret]));
}

type Placed = ManifestObject & { readonly path: string };

function workloadKey({ group, kind, namespace, name, template = '' }: Workload): string {
  return `${kind}.${group} ${namespace}/${name} ${template}`;
}

function withoutDuplicates(files: readonly FileContribution[]): {
  unique: readonly Placed[];
  duplicates: readonly string[];
} {
  const first = new Map<string, Placed>();
  const duplicates: string[] = [];
  for (const object of files.flatMap(({ path, objects }) => objects.map(o => ({ ...o, path })))) {
    const earlier = first.get(object.name);
    if (earlier === undefined) first.set(object.name, object);
    else
      duplicates.push(`${at(object)}: ${object.name} is declared at ${at(earlier)} already, which counts; remove one`);
  }
  return { unique: [...first.values()], duplicates };
}

function valuesOf<P extends ManifestPart>(
  objects: readonly Placed[],
  part: P,
): readonly Extract<ManifestObject, { part: P }>['value'][] {
  return objects.filter(object => object.part === part).map(object => object.value as never);
}

function brokenLines({ path, problems }: FileContribution): string[] {
  return problems.map(({ line, text }) => `${path}:${line}: ${text}`);
}

/** An API server would have refused such a resource and kept the previous one. As a gap it keeps agents from dropping images. */
function invalidResources(objects: readonly Placed[]): string[] {
  return objects.flatMap(object =>
    object.part === 'resources'
      ? object.value.problems.map(problem => `${at(object)}: ${object.name}: ${problem}`)
      : [],
  );
}

function at({ path, line }: { readonly path: string; readonly line: number }): string {
  return `${path}:${line}`;
}

/** Counts changes, as the API server does. The count starts from 1 with the process, because files do not carry it. */
function countGenerations(resources: readonly Resource[], previous: readonly Resource[] = []): readonly Resource[] {
  const before = new Map(previous.map(resource => [resourceName(resource.ref), resource]));
  return resources.map(resource => {
    const old = before.get(resourceName(resource.ref));
    const same = { ...resource, generation: old?.generation ?? 1 };
    return old === undefined || isDeepStrictEqual(old, same) ? same : { ...resource, generation: old.generation + 1 };
  });
}

/** Adds each namespace that a workload uses and no file declares. */
function withImplied(declared: readonly Namespace[], used: readonly string[]): readonly Namespace[] {
  const names = new Set(declared.map(({ name }) => name));
  const implied = [...new Set(used)].filter(name => !names.has(name)).sort();
  return [...declared, ...implied.map(name => withOwnLabel(name, {}))];
}

/** Adds the ServiceAccount that Kubernetes makes in each namespace. */
function withDefaultAccounts(
  declared: readonly ServiceAccount[],
  namespaces: readonly Namespace[],
): readonly ServiceAccount[] {
  const names = new Set(declared.map(secretName));
  const made = namespaces.map(({ name }) => ({ namespace: name, name: 'default', imagePullSecrets: [] }));
  return [...declared, ...made.filter(account => !names.has(secretName(account)))];
}
