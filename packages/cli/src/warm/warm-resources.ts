import {
  describeWorkload,
  excludedByAnnotation,
  type NodeRequirement,
  podImages,
  type PodSpec,
  whyUnplanned,
  type Workload,
} from '@kube-prefetch/core';
import { API_VERSION, type LabelSelector, type Toleration } from '@kube-prefetch/protocol';

/** A Prefetch that names its images, as it is sent. */
export interface WarmResource {
  readonly apiVersion: string;
  readonly kind: 'Prefetch';
  readonly metadata: {
    readonly generateName: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly images: readonly string[];
    readonly nodes?: {
      readonly selector?: LabelSelector;
      readonly names?: readonly string[];
      readonly tolerations?: readonly Toleration[];
    };
    readonly imagePullSecrets?: readonly { readonly name: string }[];
  };
}

/** By it later runs find what an earlier one left behind. */
export const WARM_LABEL = 'kube-prefetch.io/warm-by';
export const WARM_LABEL_VALUE = 'kubectl-prefetch';
/** RFC 3339: from then on a run in its namespace deletes it. */
export const EXPIRES_ANNOTATION = 'kube-prefetch.io/expires';

export interface Wish {
  readonly images: readonly string[];
  readonly workloads: readonly Workload[];
  readonly namespace: string;
  /** Besides what workloads say. */
  readonly nodes: LabelSelector | undefined;
  readonly pullSecrets: readonly string[];
  /** Before these, for the images named outright. */
  readonly imageSecrets?: readonly string[];
  readonly expires: string | undefined;
}

const MAX_IMAGES = 500;
/** Of a list the first so many count: docs/credentials.md. */
const MAX_SECRETS = 32;

/**
 * A Prefetch for the images named outright, and one for each namespace, placement and list of pull secrets of workloads: a Prefetch
 * has one choice of nodes for all images that it names. `notes`: what a Prefetch cannot say, so that more nodes pull than need to.
 */
export function toWarmResources(wish: Wish): { resources: readonly WarmResource[]; notes: readonly string[] } {
  const { images, workloads, namespace, nodes, pullSecrets, imageSecrets = [], expires } = wish;
  const notes: string[] = [];
  const wanted = workloads.flatMap(workload => {
    const found = podImages(workload.pod)
      .filter(image => (excludedByAnnotation(workload, image) ?? whyUnplanned(image)) === undefined)
      .map(({ image }) => image);
    const placed = placementOf(workload.pod, nodes);
    if (placed.left.length > 0)
      notes.push(
        `${describeWorkload(workload)}: ${placed.left.join(' and ')} cannot be said in a Prefetch: more nodes may pull its images than its pods run on`,
      );
    const secrets = listSecrets(workload.pod.imagePullSecrets, pullSecrets);
    return found.length === 0 ? [] : [{ namespace: workload.namespace, nodes: placed.nodes, secrets, images: found }];
  });
  if (images.length > 0)
    wanted.push({
      namespace,
      nodes: nodes === undefined ? undefined : { selector: nodes },
      secrets: listSecrets(imageSecrets, pullSecrets),
      images: [...images],
    });
  const groups = Map.groupBy(wanted, want => JSON.stringify([want.namespace, want.nodes, want.secrets]));
  const resources = [...groups.values()].flatMap(same => {
    const [first] = same;
    if (first === undefined) return [];
    const all = [...new Set(same.flatMap(want => want.images))].sort();
    return inPieces(all).map(piece => resourceOf({ ...first, images: piece }, expires));
  });
  return { resources, notes };
}

function listSecrets(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  const named = lists.flatMap((list = []) => list).filter(name => name !== '');
  return [...new Set(named)].slice(0, MAX_SECRETS);
}

function inPieces(images: readonly string[]): readonly (readonly string[])[] {
  const pieces = Math.ceil(images.length / MAX_IMAGES);
  return Array.from({ length: pieces }, (_, index) => images.slice(index * MAX_IMAGES, (index + 1) * MAX_IMAGES));
}

interface Wanted {
  readonly namespace: string;
  readonly nodes: WarmResource['spec']['nodes'];
  readonly secrets: readonly string[];
  readonly images: readonly string[];
}

function resourceOf({ namespace, nodes, secrets, images }: Wanted, expires: string | undefined): WarmResource {
  return {
    apiVersion: API_VERSION,
    kind: 'Prefetch',
    metadata: {
      generateName: 'warm-',
      namespace,
      labels: { [WARM_LABEL]: WARM_LABEL_VALUE },
      annotations: expires === undefined ? {} : { [EXPIRES_ANNOTATION]: expires },
    },
    spec: {
      images,
      ...(nodes !== undefined && { nodes }),
      ...(secrets.length > 0 && { imagePullSecrets: secrets.map(name => ({ name })) }),
    },
  };
}

/** Operators that both a node selector and a label selector have. */
const SHARED_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Where a Prefetch would pull for such a pod, and what of that cannot be said. */
function placementOf(
  { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources }: PodSpec,
  more: LabelSelector | undefined,
): { nodes: WarmResource['spec']['nodes']; left: readonly string[] } {
  const left = Object.keys(extendedResources).map(name => `its request for ${name}`);
  const terms = nodeAffinity?.terms ?? [];
  const [term] = terms;
  const sayable =
    terms.length === 1 &&
    term !== undefined &&
    term.matchFields.length === 0 &&
    term.matchExpressions.every(({ operator }) => SHARED_OPERATORS.includes(operator));
  if (terms.length > 0 && !sayable) left.push('its node affinity');
  const matchLabels = {
    ...more?.matchLabels,
    ...nodeSelector,
    ...(os !== undefined && { 'kubernetes.io/os': os }),
  };
  const matchExpressions = [
    ...(more?.matchExpressions ?? []),
    ...(sayable ? term.matchExpressions.map(toLabelRequirement) : []),
  ];
  const selector: LabelSelector = {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
  const nodes = {
    ...(Object.keys(selector).length > 0 && { selector }),
    ...(nodeName !== undefined && { names: [nodeName] }),
    ...(tolerations.length > 0 && { tolerations: [...tolerations] }),
  };
  return { nodes: Object.keys(nodes).length > 0 ? nodes : undefined, left };
}

function toLabelRequirement({ key, operator, values }: NodeRequirement) {
  return { key, operator, ...(values.length > 0 && { values: [...values] }) };
}

const REQUIREMENT =
  /^(!)?([A-Za-z0-9._/-]+)(?:\s*(=|==|!=)\s*([A-Za-z0-9._-]*))?$|^([A-Za-z0-9._/-]+)\s+(in|notin)\s+\(([^)]*)\)$/;

/** As kubectl's `-l`: `pool=web,zone in (a,b),!gpu`. Undefined for what is none. */
export function parseSelector(text: string): LabelSelector | undefined {
  const parts = text.split(/,(?![^(]*\))/).map(part => part.trim());
  const matchExpressions = parts.map(part => {
    const [, not, key, sign, value, setKey, word, list] = REQUIREMENT.exec(part) ?? [];
    if (setKey !== undefined)
      return {
        key: setKey,
        operator: word === 'in' ? 'In' : 'NotIn',
        values: (list ?? '').split(',').map(each => each.trim()),
      };
    if (key === undefined) return undefined;
    if (sign === undefined) return { key, operator: not === undefined ? 'Exists' : 'DoesNotExist' };
    return not === undefined ? { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value ?? ''] } : undefined;
  });
  const known = matchExpressions.filter(each => each !== undefined);
  return known.length === parts.length && text.trim() !== '' ? { matchExpressions: known } : undefined;
}
