import type { ServiceAccount, Workload } from '@kube-prefetch/core';
import { API_VERSION } from '@kube-prefetch/protocol';
import { KNOWN_KINDS } from '../workload-kinds/known-kinds.ts';
import { createKindReaders } from './kind-readers.ts';
import { parseDocuments } from './parse-documents.ts';
import { readObjects } from './read-objects.ts';

/** What of a text of manifests, as `helm template` and `kustomize build` print them, matters here. */
export interface ReadManifests {
  /** Every Prefetch and ClusterPrefetch, as it is written. */
  readonly resources: readonly object[];
  readonly workloads: readonly Workload[];
  readonly serviceAccounts: readonly ServiceAccount[];
  /** `line 12: …`, for what cannot be read. */
  readonly problems: readonly string[];
}

type Mapping = Readonly<Record<string, unknown>>;

/** Objects without a namespace are in this one, as kubectl has it. */
export function readManifests(text: string, namespace: string): ReadManifests {
  const { documents, problems } = parseDocuments(text);
  const readers = createKindReaders(KNOWN_KINDS);
  const resources: object[] = [];
  const workloads: Workload[] = [];
  const serviceAccounts: ServiceAccount[] = [];
  const wrong = problems.map(({ line, text: what }) => `line ${line}: ${what}`);
  for (const { value, lineOf } of documents) {
    const placed = withNamespace(value, namespace);
    resources.push(...objectsIn(placed).filter(isOurs));
    const read = readObjects({ value: placed, lineOf }, readers);
    for (const object of read.objects) {
      if (object.part === 'workloads') workloads.push(...object.value);
      if (object.part === 'serviceAccounts') serviceAccounts.push(object.value);
    }
    wrong.push(...read.problems.map(({ line, text: what }) => `line ${line}: ${what}`));
  }
  return { resources, workloads, serviceAccounts, problems: wrong };
}

const [GROUP] = API_VERSION.split('/');

function isOurs({ apiVersion }: Mapping): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith(`${GROUP}/`);
}

function objectsIn(value: unknown): readonly Mapping[] {
  if (!isMapping(value)) return [];
  return value.kind === 'List' && Array.isArray(value.items) ? value.items.flatMap(objectsIn) : [value];
}

function withNamespace(value: unknown, namespace: string): unknown {
  if (!isMapping(value)) return value;
  if (value.kind === 'List' && Array.isArray(value.items))
    return { ...value, items: value.items.map(item => withNamespace(item, namespace)) };
  if (value.kind === 'ClusterPrefetch' || !isMapping(value.metadata) || value.metadata.namespace !== undefined)
    return value;
  return { ...value, metadata: { ...value.metadata, namespace } };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
