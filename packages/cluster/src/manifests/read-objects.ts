import {
  API_VERSION,
  isDnsLabel,
  isSubdomain,
  parseResource,
  resourceName,
  WORKLOAD_KINDS,
} from '@kube-prefetch/protocol';
import { type Field, fields, MalformedField, toNamespace, toNode, toWorkload } from '../to-state/index.ts';
import type { ManifestObject } from './manifest-object.ts';
import type { LineProblem, ManifestDocument } from './parse-documents.ts';

export interface ReadObjects {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly LineProblem[];
  /** Kinds that we do not read. */
  readonly passedOver: readonly PassedOver[];
}

export interface PassedOver {
  readonly line: number;
  readonly apiVersion: string;
  readonly kind: string;
  /** A kind that we read, in a version that we do not: most likely a mistake. */
  readonly suspicious: boolean;
}

/** The objects of a document: itself, or the items of a list. */
export function readObjects(document: ManifestDocument): ReadObjects {
  const objects: ManifestObject[] = [];
  const problems: LineProblem[] = [];
  const passedOver: PassedOver[] = [];
  const read = (object: Field, inherited: Identity | undefined, depth: number): void => {
    const line = document.lineOf(object.path);
    try {
      const identity = identify(object, inherited);
      const list = itemsOf(object, identity);
      if (list !== undefined && depth < MAX_LIST_DEPTH) {
        for (const item of list.items) read(item, list.inherited, depth + 1);
        return;
      }
      const reader = READERS.get(`${identity.apiVersion} ${identity.kind}`);
      if (reader === undefined) passedOver.push({ line, ...identity, suspicious: READ_KINDS.has(identity.kind) });
      else objects.push({ line, ...reader(object) });
    } catch (error) {
      if (!(error instanceof MalformedField)) throw error;
      problems.push({ line: document.lineOf(error.path), text: error.message });
    }
  };
  read(fields.root(document.value), undefined, 0);
  return { objects, problems, passedOver };
}

interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
}

const MAX_LIST_DEPTH = 4;

/** Items of a typed list, as the API server sends it, do not repeat what they are. */
function identify(object: Field, inherited: Identity | undefined): Identity {
  if (typeof object.value !== 'object' || Array.isArray(object.value)) throw fields.expected(object, 'a mapping');
  const kind = fields.optionalText(fields.below(object, 'kind')) ?? inherited?.kind;
  if (kind === undefined) throw fields.expected(fields.below(object, 'kind'), 'the kind of the object');
  const apiVersion = fields.optionalText(fields.below(object, 'apiVersion')) ?? inherited?.apiVersion;
  if (apiVersion === undefined) throw fields.expected(fields.below(object, 'apiVersion'), 'the version of the kind');
  return { apiVersion, kind };
}

/** Of `List`, whose items say what they are, and of `DeploymentList` and its like. */
function itemsOf(
  object: Field,
  { apiVersion, kind }: Identity,
): { items: readonly Field[]; inherited: Identity | undefined } | undefined {
  if (apiVersion === 'v1' && kind === 'List')
    return { items: fields.items(fields.below(object, 'items')), inherited: undefined };
  const item = { apiVersion, kind: kind.slice(0, -'List'.length) };
  if (!kind.endsWith('List') || !READERS.has(`${item.apiVersion} ${item.kind}`)) return undefined;
  return { items: fields.items(fields.below(object, 'items')), inherited: item };
}

type Projected = ManifestObject extends infer Object ? (Object extends unknown ? Omit<Object, 'line'> : never) : never;
type Reader = (object: Field) => Projected;

const WORKLOAD_VERSIONS = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  CronJob: 'batch/v1',
  Job: 'batch/v1',
} as const;

/** By apiVersion and kind. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [`${API_VERSION} Prefetch`, readResource],
  [`${API_VERSION} ClusterPrefetch`, readResource],
  ...WORKLOAD_KINDS.map((kind): [string, Reader] => [`${WORKLOAD_VERSIONS[kind]} ${kind}`, readWorkload(kind)]),
  ['v1 Namespace', readNamespace],
  ['v1 Node', readNode],
]);

const READ_KINDS: ReadonlySet<string> = new Set([...READERS.keys()].map(key => key.split(' ')[1] ?? ''));

function readResource(object: Field): Projected {
  checkName(object, true);
  const { ref, generation, spec, problems } = parseResource(object.value);
  return { part: 'resources', name: resourceName(ref), value: { ref, generation, spec, problems } };
}

function readWorkload(kind: (typeof WORKLOAD_KINDS)[number]): Reader {
  return object => {
    checkName(object, true);
    const value = toWorkload(kind, object);
    return { part: 'workloads', name: `${kind} ${value.namespace}/${value.name}`, value };
  };
}

function readNamespace(object: Field): Projected {
  checkName(object, false);
  const value = toNamespace(object);
  return { part: 'namespaces', name: `Namespace ${value.name}`, value };
}

function readNode(object: Field): Projected {
  checkName(object, false);
  const value = toNode(object, { readyUnlessSaid: true });
  return { part: 'nodes', name: `Node ${value.name}`, value };
}

/** Names become keys, messages and file names. */
function checkName(object: Field, namespaced: boolean): void {
  const name = fields.below(object, 'metadata', 'name');
  if (!isSubdomain(fields.text(name))) throw fields.expected(name, 'a name of lower-case letters, digits, - and .');
  const namespace = fields.below(object, 'metadata', 'namespace');
  const given = namespaced ? fields.optionalText(namespace) : undefined;
  if (given !== undefined && !isDnsLabel(given))
    throw fields.expected(namespace, 'a namespace of lower-case letters, digits and -');
}
