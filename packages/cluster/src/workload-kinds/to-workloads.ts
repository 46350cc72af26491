import type { Workload } from '@kube-prefetch/core';
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
import type { KindRow } from './kind-row.ts';
import { toAnnotations } from './to-annotations.ts';
import { follow } from './template-path.ts';

/** One for each template of its pods. Throws MalformedField. */
export function toWorkloads(row: KindRow, object: Field): readonly Workload[] {
  const { group, kind } = row;
  const metadata = below(object, 'metadata');
  const controller = items(below(metadata, 'ownerReferences')).find(owner => flag(below(owner, 'controller')));
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
    finished: items(below(object, 'status', 'conditions')).some(condition => isEnd(row, condition)),
  };
  const found = row.templates.flatMap(path => follow(object, path));
  if (found.length === 0) throw noTemplate(row, object);
  const several = row.templates.length > 1 || row.templates.some(({ steps }) => steps.some(({ each }) => each));
  return found.map(template => ({
    ...shared,
    ...(several && { template: pathText(template.path) }),
    ...toAnnotations([below(metadata, 'annotations'), ...annotationsOf(template)]),
    pod: toPodSpec(podSpecOf(template)),
  }));
}

function noTemplate({ templates }: KindRow, object: Field): MalformedField {
  const [first, ...others] = templates;
  if (first && others.length === 0 && first.steps.every(({ each }) => !each))
    return expected(
      below(object, ...first.steps.map(({ name }) => name), 'spec', 'containers'),
      'at least one container',
    );
  return expected(object, `a pod template at ${templates.map(path => path.text).join(' or ')}`);
}

/** The path may lead to a PodTemplateSpec or to a PodSpec. */
function podSpecOf(template: Field): Field {
  return isAbsent(below(template, 'containers')) ? below(template, 'spec') : template;
}

/** A PodSpec has none. */
function annotationsOf(template: Field): readonly Field[] {
  return isAbsent(below(template, 'containers')) ? [below(template, 'metadata', 'annotations')] : [];
}

function toOwner(controller: Field): Workload['owner'] {
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

function isEnd({ finishedConditions }: KindRow, condition: Field): boolean {
  const type = optionalText(below(condition, 'type'));
  return type !== undefined && finishedConditions.includes(type) && optionalText(below(condition, 'status')) === 'True';
}
