import { isDeepStrictEqual } from 'node:util';
import type { ClusterState, Namespace, Resource } from '@kube-prefetch/core';
import { resourceName } from '@kube-prefetch/protocol';
import { boundGaps } from '../bound-gaps.ts';
import { keepIdentity, keepState } from '../keep-identity.ts';
import { withOwnLabel } from '../to-state/index.ts';
import type { ManifestObject, ManifestPart } from './manifest-object.ts';
import type { LineProblem } from './parse-documents.ts';

/** A file as it counts: of a broken one the objects are those of its last good state. */
export interface CountingFile {
  readonly path: string;
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly LineProblem[];
}

/**
 * The state that all files together declare. Of an object that is declared twice the first counts, by path and line.
 * What is as it was in `previous` keeps its identity, up to the whole state.
 */
export function combineFiles(
  files: readonly CountingFile[],
  previous: ClusterState | undefined,
  failures: readonly string[],
): ClusterState {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const { unique, duplicates } = withoutDuplicates(sorted);
  const gaps = [...failures, ...sorted.flatMap(brokenLines), ...duplicates, ...refusals(unique)];
  const workloads = valuesOf(unique, 'workloads');
  const resources = countGenerations(valuesOf(unique, 'resources'), previous?.resources);
  const state: ClusterState = {
    resources: keepIdentity(previous?.resources, resources, ({ ref }) => resourceName(ref)),
    workloads: keepIdentity(previous?.workloads, workloads, w => `${w.kind} ${w.namespace}/${w.name}`),
    namespaces: keepIdentity(
      previous?.namespaces,
      withImplied(
        valuesOf(unique, 'namespaces'),
        workloads.map(({ namespace }) => namespace),
      ),
      ({ name }) => name,
    ),
    nodes: keepIdentity(previous?.nodes, valuesOf(unique, 'nodes'), ({ name }) => name),
    serviceAccounts: keepIdentity(
      previous?.serviceAccounts,
      valuesOf(unique, 'serviceAccounts'),
      ({ namespace, name }) => `${namespace}/${name}`,
    ),
    gaps: keepIdentity(previous?.gaps, boundGaps(gaps), gap => gap),
  };
  return keepState(previous, state);
}

type Placed = ManifestObject & { readonly path: string };

function withoutDuplicates(files: readonly CountingFile[]): {
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

function brokenLines({ path, problems }: CountingFile): string[] {
  return problems.map(({ line, text }) => `${path}:${line}: ${text}`);
}

/** An API server would have refused such a resource and kept the one before: agents drop nothing because of it. */
function refusals(objects: readonly Placed[]): string[] {
  return objects.flatMap(object =>
    object.part === 'resources'
      ? object.value.problems.map(problem => `${at(object)}: ${object.name}: ${problem}`)
      : [],
  );
}

function at({ path, line }: { readonly path: string; readonly line: number }): string {
  return `${path}:${line}`;
}

/** As the API server counts: one more with every change. Files carry no count, so it starts anew with the process. */
function countGenerations(resources: readonly Resource[], previous: readonly Resource[] = []): readonly Resource[] {
  const before = new Map(previous.map(resource => [resourceName(resource.ref), resource]));
  return resources.map(resource => {
    const old = before.get(resourceName(resource.ref));
    const same = { ...resource, generation: old?.generation ?? 1 };
    return old === undefined || isDeepStrictEqual(old, same) ? same : { ...resource, generation: old.generation + 1 };
  });
}

/** A namespace that is used exists, declared or not. */
function withImplied(declared: readonly Namespace[], used: readonly string[]): readonly Namespace[] {
  const names = new Set(declared.map(({ name }) => name));
  const implied = [...new Set(used)].filter(name => !names.has(name)).sort();
  return [...declared, ...implied.map(name => withOwnLabel(name, {}))];
}
