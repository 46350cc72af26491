import {
  describeKind,
  kindKey,
  type Namespace,
  type Node,
  type Resource,
  type ServiceAccount,
  type Workload,
} from '@kube-prefetch/core';
import {
  API_VERSION,
  RESOURCE_KINDS,
  type ResourceKind,
  isDnsLabel,
  isSubdomain,
  parseResource,
  resourceName,
} from '@kube-prefetch/protocol';
import { BUILT_IN_KINDS } from '../workload-kinds/built-in-kinds.ts';
import { apiVersionOf, type KindRow, type WorkloadKinds } from '../workload-kinds/kind-row.ts';
import { toWorkloads } from '../workload-kinds/to-workloads.ts';
import type { ReadSecret } from '../ports/secret-reader.ts';
import { type Field, fields, toNamespace, toNode, toSecret, toServiceAccount } from '../to-state/index.ts';

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Projects an object of one kind; throws MalformedField. */
export type KindReader = (object: Field) => Projected;
type Projected = ManifestObject extends infer Object ? (Object extends unknown ? Omit<Object, 'line'> : never) : never;

/** How the objects of the kinds that count are read. */
export interface KindReaders {
  /** Undefined for a kind that we do not read. */
  of(identity: Identity): KindReader | undefined;
  /** True for a kind that we read in another version only: most likely a mistake. */
  isReadElsewhere(identity: Identity): boolean;
}

/**
 * Our own kinds are read in any version: their status tells of a wrong one. So are kinds that Kubernetes has not, as those of an
 * API server are.
 */
export function createKindReaders({ rows }: WorkloadKinds): KindReaders {
  const byKind = new Map(rows.map(row => [kindKey(row), workloadReader(row)]));
  return {
    of({ apiVersion, kind }) {
      const [group = ''] = apiVersion.split('/', 1);
      if (group === GROUP && RESOURCE_KINDS.includes(kind as ResourceKind)) return readResource;
      return READERS.get(`${apiVersion} ${kind}`) ?? byKind.get(kindKey({ group, kind }));
    },
    isReadElsewhere: ({ kind }) => [...READERS.keys()].some(key => key.endsWith(` ${kind}`)),
  };
}

const [GROUP] = API_VERSION.split('/', 1);

/** Keyed by apiVersion and kind. */
const READERS: ReadonlyMap<string, KindReader> = new Map<string, KindReader>([
  ...BUILT_IN_KINDS.map((row): [string, KindReader] => [`${apiVersionOf(row)} ${row.kind}`, workloadReader(row)]),
  ['v1 Namespace', readNamespace],
  ['v1 Node', readNode],
  ['v1 ServiceAccount', readServiceAccount],
  ['v1 Secret', readSecret],
]);

function readResource(object: Field): Projected {
  checkName(object);
  checkNamespace(object);
  const value = parseResource(object.value);
  return { part: 'resources', name: resourceName(value.ref), value };
}

function workloadReader(row: KindRow): KindReader {
  return object => {
    checkName(object);
    checkNamespace(object);
    const value = toWorkloads(row, object);
    return { part: 'workloads', name: objectName(describeKind(row), object), value };
  };
}

function readNamespace(object: Field): Projected {
  checkName(object);
  const value = toNamespace(object);
  return { part: 'namespaces', name: `Namespace ${value.name}`, value };
}

function readNode(object: Field): Projected {
  checkName(object);
  const value = toNode(object, { readyUnlessSaid: true });
  return { part: 'nodes', name: `Node ${value.name}`, value };
}

function readServiceAccount(object: Field): Projected {
  checkName(object);
  checkNamespace(object);
  const value = toServiceAccount(object);
  return { part: 'serviceAccounts', name: `ServiceAccount ${value.namespace}/${value.name}`, value };
}

/** `Deployment shop/web`, `Rollout.argoproj.io shop/web`. */
function objectName(kind: string, object: Field): string {
  const metadata = fields.below(object, 'metadata');
  const namespace = fields.optionalText(fields.below(metadata, 'namespace')) ?? 'default';
  return `${kind} ${namespace}/${fields.text(fields.below(metadata, 'name'))}`;
}

function readSecret(object: Field): Projected {
  checkName(object);
  checkNamespace(object);
  const metadata = fields.below(object, 'metadata');
  const namespace = fields.optionalText(fields.below(metadata, 'namespace')) ?? 'default';
  const name = `${namespace}/${fields.text(fields.below(metadata, 'name'))}`;
  const value = { name, secret: toSecret(object.value as Record<string, unknown>) };
  return { part: 'secrets', name: `Secret ${name}`, value };
}

/** Names are used as keys, in messages and as file names. */
function checkName(object: Field): void {
  const name = fields.below(object, 'metadata', 'name');
  if (!isSubdomain(fields.text(name))) throw fields.expected(name, 'a name of lower-case letters, digits, - and .');
}

function checkNamespace(object: Field): void {
  const namespace = fields.below(object, 'metadata', 'namespace');
  const given = fields.optionalText(namespace);
  if (given !== undefined && !isDnsLabel(given))
    throw fields.expected(namespace, 'a namespace of lower-case letters, digits and -');
}

/** By `namespace/name`; no part of the state. */
interface ManifestSecret {
  readonly name: string;
  readonly secret: ReadSecret;
}

/** One projected object of a file. */
export type ManifestObject = {
  /** `Deployment shop/web`. */
  readonly name: string;
  readonly line: number;
} & (
  | { readonly part: 'resources'; readonly value: Resource }
  | { readonly part: 'workloads'; readonly value: readonly Workload[] }
  | { readonly part: 'namespaces'; readonly value: Namespace }
  | { readonly part: 'nodes'; readonly value: Node }
  | { readonly part: 'serviceAccounts'; readonly value: ServiceAccount }
  | { readonly part: 'secrets'; readonly value: ManifestSecret }
);

export type ManifestPart = ManifestObject['part'];
