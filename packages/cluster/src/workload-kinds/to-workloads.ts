import type { Workload, WorkloadOwner } from '@kube-prefetch/core';
import {
  type Field,
  type MalformedField,
  below,
  expected,
  flag,
  isAbsent,
  items,
  labels,
  optionalInteger,
  optionalText,
  pathText,
  text,
} from '../to-state/read-fields.ts';
import { toPodSpec } from '../to-state/to-pod-spec.ts';
import type { Finished, KindRow } from './kind-row.ts';
import { toAnnotations } from './to-annotations.ts';
import { follow } from './template-path.ts';

/** One for each template of its pods. Throws MalformedField. */
export function toWorkloads(row: KindRow, object: Field): readonly Workload[] {
  const { group, kind } = row;
  const metadata = below(object, 'metadata');
  const controller = controllerReference(metadata);
  const owner = controller && toOwner(controller);
  const shared = {
    group,
    kind,
    namespace: optionalText(below(metadata, 'namespace')) ?? 'default',
    name: text(below(metadata, 'name')),
    labels: labels(below(metadata, 'labels')),
    ...(owner && { owner }),
    ...(kind === 'ReplicaSet' && controller && owner?.kind !== 'Deployment'
      ? { revision: toRevision(object, controller) }
      : {}),
    ...restingOf(row, object),
    ...toPodRevision(object),
    finished: row.finished !== undefined && isFinished(row.finished, object),
  };
  const reference = row.reference && follow(object, row.reference)[0];
  if (reference !== undefined) {
    const annotations = toAnnotations([below(metadata, 'annotations')]);
    return [{ ...shared, ...annotations, reference: toOwner(reference), pod: NO_POD }];
  }
  const found = row.templates.flatMap(path => follow(object, path));
  if (found.length === 0) throw noTemplate(row, object);
  if (found.length > MAX_TEMPLATES) throw expected(object, `at most ${MAX_TEMPLATES} pod templates`);
  const several = row.templates.length > 1 || row.templates.some(({ steps }) => steps.some(({ each }) => each));
  return found.map(template => ({
    ...shared,
    ...(several && { template: pathText(template.path) }),
    ...toAnnotations([below(metadata, 'annotations'), ...annotationsOf(template)]),
    pod: toPodSpec(podSpecOf(template)),
  }));
}

const MAX_TEMPLATES = 200;
const NO_POD: Workload['pod'] = {
  containers: [],
  initContainers: [],
  imageVolumes: [],
  tolerations: [],
  extendedResources: {},
};

function restingOf({ replicas, suspend }: KindRow, object: Field): Pick<Workload, 'resting'> {
  if (suspend && follow(object, suspend).some(({ value }) => value === true)) return { resting: 'suspended' };
  const numbers = replicas === undefined ? [] : follow(object, replicas);
  return numbers.length > 0 && numbers.every(({ value }) => value === 0) ? { resting: 'scaled to zero' } : {};
}

function noTemplate({ templates }: KindRow, object: Field): MalformedField {
  const [first, ...others] = templates;
  const names = first?.steps.map(({ name }) => name) ?? [];
  if (first && others.length === 0 && first.steps.every(({ each }) => !each))
    return expected(below(object, ...names, 'spec', 'containers'), 'at least one container');
  const places = templates.map(({ text }) => text).join(' or ');
  return expected(below(object, ...names.slice(0, 1)), `a pod template at ${places}`);
}

/** The path may lead to a PodTemplateSpec or to a PodSpec. */
function podSpecOf(template: Field): Field {
  return isAbsent(below(template, 'containers')) ? below(template, 'spec') : template;
}

/** A PodSpec has none. */
function annotationsOf(template: Field): readonly Field[] {
  return isAbsent(below(template, 'containers')) ? [below(template, 'metadata', 'annotations')] : [];
}

function controllerReference(metadata: Field): Field | undefined {
  return items(below(metadata, 'ownerReferences')).find(owner => flag(below(owner, 'controller')));
}

/** Throws MalformedField. */
export function controllerOf(metadata: Field): WorkloadOwner | undefined {
  const controller = controllerReference(metadata);
  return controller && toOwner(controller);
}

function toOwner(controller: Field): WorkloadOwner {
  const apiVersion = optionalText(below(controller, 'apiVersion')) ?? '';
  return {
    group: apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '',
    kind: optionalText(below(controller, 'kind')) ?? '',
    name: optionalText(below(controller, 'name')) ?? '',
  };
}

function toRevision(object: Field, controller: Field): Workload['revision'] {
  return {
    controller: optionalText(below(controller, 'uid')) ?? '',
    createdAt: optionalText(below(object, 'metadata', 'creationTimestamp')) ?? '',
    idle: optionalInteger(below(object, 'spec', 'replicas')) === 0,
  };
}

/** How pods of the newest template are labelled, as far as the controller has seen it: StatefulSets and many others, and DaemonSets. */
function toPodRevision(object: Field): Pick<Workload, 'podRevision'> {
  const metadata = below(object, 'metadata');
  const generation = optionalText(below(metadata, 'annotations', 'deprecated.daemonset.template.generation'));
  if (generation !== undefined) return { podRevision: ['pod-template-generation', generation] };
  const revision = optionalText(below(object, 'status', 'updateRevision'));
  const isNewest = below(object, 'status', 'observedGeneration').value === below(metadata, 'generation').value;
  return revision === undefined || !isNewest ? {} : { podRevision: ['controller-revision-hash', revision] };
}

function isFinished({ conditions = [], field }: Finished, object: Field): boolean {
  const isEnd = (condition: Field) =>
    conditions.includes(optionalText(below(condition, 'type')) ?? '') &&
    optionalText(below(condition, 'status')) === 'True';
  if (conditions.length > 0 && items(below(object, 'status', 'conditions')).some(isEnd)) return true;
  return field !== undefined && follow(object, field.path).some(({ value }) => field.values.includes(value as string));
}
