import type { KindRow } from './kind-row.ts';
import { parsePath } from './template-path.ts';

const SPEC_REPLICAS = parsePath('spec.replicas');
const SPEC_SUSPEND = parsePath('spec.suspend');

/** The kinds of Kubernetes itself: every API server serves them, and they are always read. */
export const BUILT_IN_KINDS: readonly KindRow[] = [
  builtIn('apps', 'Deployment', 'deployments', { replicas: SPEC_REPLICAS }),
  builtIn('apps', 'StatefulSet', 'statefulsets', { replicas: SPEC_REPLICAS }),
  builtIn('apps', 'DaemonSet', 'daemonsets'),
  builtIn('batch', 'CronJob', 'cronjobs', {
    templates: [parsePath('spec.jobTemplate.spec.template')],
    suspend: SPEC_SUSPEND,
  }),
  builtIn('batch', 'Job', 'jobs', { suspend: SPEC_SUSPEND, finished: { conditions: ['Complete', 'Failed'] } }),
  builtIn('apps', 'ReplicaSet', 'replicasets', { replicas: SPEC_REPLICAS }),
];

function builtIn(group: string, kind: string, plural: string, more: Partial<KindRow> = {}): KindRow {
  return { group, version: 'v1', kind, plural, templates: [parsePath('spec.template')], ...more };
}

/** Throws for any other kind. */
export function builtInKind(name: string): KindRow {
  const row = BUILT_IN_KINDS.find(({ kind }) => kind === name);
  if (row === undefined) throw new RangeError(`${name} is no built-in kind`);
  return row;
}
