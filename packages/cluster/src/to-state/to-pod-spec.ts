import type { NodeRequirement, NodeSelector, Placement, PodImage, PodSpec, PullPolicy } from '@kube-prefetch/core';
import type { Toleration } from '@kube-prefetch/protocol';
import { requestedResources } from './extended-resources.ts';
import {
  type Field,
  below,
  expected,
  isAbsent,
  items,
  labels,
  optionalInteger,
  optionalText,
  root,
  text,
} from './read-fields.ts';
import { secretNames } from './to-namespace.ts';

/** Keeps the fields of a pod's spec that decide about images, their credentials, and nodes. Throws MalformedField. */
export function toPodSpec(spec: Field): PodSpec {
  const containers = items(below(spec, 'containers'));
  const initContainers = items(below(spec, 'initContainers'));
  if (containers.length === 0) throw expected(below(spec, 'containers'), 'at least one container');
  return {
    containers: containers.map(toPodImage),
    initContainers: initContainers.map(toPodImage),
    imageVolumes: items(below(spec, 'volumes')).flatMap(toVolumeImage),
    ...toPullIdentity(spec),
    ...toPodPlacement(spec),
  };
}

function toPullIdentity(spec: Field): Pick<PodSpec, 'imagePullSecrets' | 'serviceAccountName'> {
  const imagePullSecrets = secretNames(below(spec, 'imagePullSecrets'));
  // The API server keeps the older name beside the newer one; a manifest may have it alone.
  const account = optionalText(below(spec, 'serviceAccountName')) || optionalText(below(spec, 'serviceAccount'));
  return {
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...given('serviceAccountName', account || undefined),
  };
}

/** What of a pod's spec decides on which nodes it may run. Throws MalformedField. */
function toPodPlacement(spec: Field): Placement['pod'] {
  return {
    ...given('nodeName', optionalText(below(spec, 'nodeName'))),
    ...given('nodeSelector', optionalLabels(below(spec, 'nodeSelector'))),
    ...given('nodeAffinity', toNodeSelector(below(spec, 'affinity', 'nodeAffinity', REQUIRED))),
    tolerations: items(below(spec, 'tolerations')).map(toToleration),
    ...given('os', optionalText(below(spec, 'os', 'name'))),
    extendedResources: requestedResources(items(below(spec, 'containers')), items(below(spec, 'initContainers'))),
  };
}

/** The same from JSON. Throws SyntaxError and MalformedField. */
export function parsePodPlacement(text: string): Placement['pod'] {
  return toPodPlacement(root(JSON.parse(text)));
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

function toPodImage(container: Field): PodImage {
  // An API server refuses a container without an image, but a manifest file may leave it to somebody else.
  const image = optionalText(below(container, 'image')) ?? '';
  return { image, ...nameOf(container), ...given('pullPolicy', toPullPolicy(below(container, 'imagePullPolicy'))) };
}

function toVolumeImage(volume: Field): PodImage[] {
  const image = optionalText(below(volume, 'image', 'reference'));
  if (image === undefined) return [];
  return [{ image, ...nameOf(volume), ...given('pullPolicy', toPullPolicy(below(volume, 'image', 'pullPolicy'))) }];
}

function nameOf(part: Field): Pick<PodImage, 'name'> {
  return given('name', optionalText(below(part, 'name')));
}

const PULL_POLICIES: readonly string[] = ['Always', 'IfNotPresent', 'Never'] satisfies PullPolicy[];

function toPullPolicy(field: Field): PullPolicy | undefined {
  const policy = optionalText(field);
  if (policy !== undefined && !PULL_POLICIES.includes(policy)) throw expected(field, PULL_POLICIES.join(', '));
  return policy as PullPolicy | undefined;
}

function optionalLabels(field: Field): Readonly<Record<string, string>> | undefined {
  return isAbsent(field) ? undefined : labels(field);
}

export function toNodeSelector(field: Field): NodeSelector | undefined {
  if (isAbsent(field)) return undefined;
  const terms = items(below(field, 'nodeSelectorTerms')).map(term => ({
    matchExpressions: items(below(term, 'matchExpressions')).map(toRequirement),
    matchFields: items(below(term, 'matchFields')).map(toRequirement),
  }));
  return { terms };
}

function toRequirement(field: Field): NodeRequirement {
  return {
    key: text(below(field, 'key')),
    operator: text(below(field, 'operator')),
    values: items(below(field, 'values')).map(value => optionalText(value) ?? ''),
  };
}

function toToleration(field: Field): Toleration {
  return {
    ...given('key', optionalText(below(field, 'key'))),
    ...given('operator', optionalText(below(field, 'operator'))),
    ...given('value', optionalText(below(field, 'value'))),
    ...given('effect', optionalText(below(field, 'effect'))),
    ...given('tolerationSeconds', optionalInteger(below(field, 'tolerationSeconds'))),
  };
}

/** Leaves the field out when it has no value. */
function given<Name extends string, T>(name: Name, value: T | undefined): { readonly [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: T };
}
