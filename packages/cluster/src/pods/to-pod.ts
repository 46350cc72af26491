import type { Labels, PodSpec, Workload, WorkloadOwner } from '@kube-prefetch/core';
import { type Field, below, isAbsent, items, labels, optionalText, text } from '../to-state/read-fields.ts';
import { toPodSpec } from '../to-state/to-pod-spec.ts';
import { toAnnotations } from '../workload-kinds/to-annotations.ts';
import { controllerOf } from '../workload-kinds/to-workloads.ts';

/** What is kept of a pod of which only the metadata is read. */
export interface PodMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  /** Its controller. */
  readonly owner?: WorkloadOwner;
  readonly revision: Labels;
  /** Of a pod that was read as a whole. */
  readonly workload?: Workload;
}

/** By which controllers tell the templates of their pods apart. */
const REVISION_LABELS = ['pod-template-hash', 'controller-revision-hash', 'pod-template-generation'];

/** Throws MalformedField. */
export function toPodMetadata(object: Field): PodMetadata {
  const metadata = below(object, 'metadata');
  const owner = controllerOf(metadata);
  return {
    namespace: optionalText(below(metadata, 'namespace')) ?? 'default',
    name: text(below(metadata, 'name')),
    createdAt: optionalText(below(metadata, 'creationTimestamp')) ?? '',
    ...(owner && { owner }),
    revision: Object.fromEntries(
      REVISION_LABELS.flatMap(label => {
        const value = optionalText(below(metadata, 'labels', label));
        return value === undefined ? [] : [[label, value]];
      }),
    ),
  };
}

/** Where the scheduler put it says nothing about the next one. Throws MalformedField. */
export function toAdmittedSpec(object: Field): PodSpec {
  const { nodeName: _nodeName, ...spec } = toPodSpec(below(object, 'spec'));
  return spec;
}

/** Of the whole pod. Its images are those of its spec: a status names any tag of what runs. Throws MalformedField. */
export function toPod(object: Field, shareSpec: (spec: PodSpec) => PodSpec): PodMetadata {
  const metadata = below(object, 'metadata');
  const read = toPodMetadata(object);
  const { namespace, name, owner } = read;
  const endedAt = toEnd(object);
  const workload: Workload = {
    group: '',
    kind: 'Pod',
    namespace,
    name,
    labels: labels(below(metadata, 'labels')),
    ...(owner && { owner }),
    finished: endedAt !== undefined,
    ...(endedAt !== undefined && { endedAt }),
    ...toAnnotations([below(metadata, 'annotations')]),
    pod: shareSpec(toAdmittedSpec(object)),
  };
  return { ...read, workload };
}

/** When the last of its containers ended; undefined while it may run. */
function toEnd(object: Field): string | undefined {
  const status = below(object, 'status');
  const phase = optionalText(below(status, 'phase'));
  if (phase !== 'Succeeded' && phase !== 'Failed') return undefined;
  const ends = items(below(status, 'containerStatuses')).map(container =>
    below(container, 'state', 'terminated', 'finishedAt'),
  );
  const last = ends
    .flatMap(end => (isAbsent(end) ? [] : (optionalText(end) ?? [])))
    .sort()
    .at(-1);
  return last ?? optionalText(below(object, 'metadata', 'creationTimestamp')) ?? '';
}
