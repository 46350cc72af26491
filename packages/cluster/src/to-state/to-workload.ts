import type { Workload } from '@kube-prefetch/core';
import type { WorkloadKind } from '@kube-prefetch/protocol';
import { below, type Field, flag, items, labels, optionalText, text } from './field.ts';
import { toPodSpec } from './to-pod-spec.ts';

/** One of the six workload kinds as the API server has it, projected. Throws MalformedField. */
export function toWorkload(kind: WorkloadKind, object: Field): Workload {
  const metadata = below(object, 'metadata');
  return {
    kind,
    namespace: optionalText(below(metadata, 'namespace')) ?? 'default',
    name: text(below(metadata, 'name')),
    labels: labels(below(metadata, 'labels')),
    owned: items(below(metadata, 'ownerReferences')).some(owner => flag(below(owner, 'controller'))),
    finished: kind === 'Job' && items(below(object, 'status', 'conditions')).some(isEnd),
    pod: toPodSpec(below(object, ...TEMPLATE[kind], 'spec')),
  };
}

const TEMPLATE: Readonly<Record<WorkloadKind, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

function isEnd(condition: Field): boolean {
  const type = optionalText(below(condition, 'type'));
  return (type === 'Complete' || type === 'Failed') && optionalText(below(condition, 'status')) === 'True';
}
