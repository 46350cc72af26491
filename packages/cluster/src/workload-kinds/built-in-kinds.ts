import type { KindRow } from './kind-row.ts';
import { parsePath } from './template-path.ts';

/** The kinds of Kubernetes itself: every API server serves them, and they are always read. */
export const BUILT_IN_KINDS: readonly KindRow[] = [
  builtIn('apps', 'Deployment', 'deployments'),
  builtIn('apps', 'StatefulSet', 'statefulsets'),
  builtIn('apps', 'DaemonSet', 'daemonsets'),
  builtIn('batch', 'CronJob', 'cronjobs', { template: 'spec.jobTemplate.spec.template' }),
  builtIn('batch', 'Job', 'jobs', { finished: ['Complete', 'Failed'] }),
  builtIn('apps', 'ReplicaSet', 'replicasets'),
];

function builtIn(
  group: string,
  kind: string,
  plural: string,
  { template = 'spec.template', finished = [] }: { template?: string; finished?: readonly string[] } = {},
): KindRow {
  return { group, version: 'v1', kind, plural, templates: [parsePath(template)], finishedConditions: finished };
}

/** Throws for any other kind. */
export function builtInKind(name: string): KindRow {
  const row = BUILT_IN_KINDS.find(({ kind }) => kind === name);
  if (row === undefined) throw new RangeError(`${name} is no built-in kind`);
  return row;
}
