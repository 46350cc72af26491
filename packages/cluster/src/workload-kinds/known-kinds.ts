import type { KindRow, MakerRow, WorkloadKinds } from './kind-row.ts';
import { parsePath } from './template-path.ts';

type Parts = Partial<Record<'replicas' | 'suspend' | 'reference', string>> & Pick<KindRow, 'finished'>;

/** Kinds that people use most and that Kubernetes has not, read where they are installed; docs/workloads.md shows the table. */
export const KNOWN_ROWS: readonly KindRow[] = [
  // A Rollout's `paused` halts an update and no pods.
  row('argoproj.io/v1alpha1', 'Rollout', 'rollouts', ['spec.template'], {
    replicas: 'spec.replicas',
    reference: 'spec.workloadRef',
  }),
  row('apps.kruise.io/v1alpha1', 'CloneSet', 'clonesets', ['spec.template'], { replicas: 'spec.replicas' }),
  row('apps.kruise.io/v1beta1', 'StatefulSet', 'statefulsets', ['spec.template'], { replicas: 'spec.replicas' }),
  row('apps.kruise.io/v1alpha1', 'DaemonSet', 'daemonsets', ['spec.template']),
  row('jobset.x-k8s.io/v1alpha2', 'JobSet', 'jobsets', ['spec.replicatedJobs[*].template.spec.template'], {
    replicas: 'spec.replicatedJobs[*].replicas',
    suspend: 'spec.suspend',
    finished: { conditions: ['Completed', 'Failed'] },
  }),
  row(
    'leaderworkerset.x-k8s.io/v1',
    'LeaderWorkerSet',
    'leaderworkersets',
    ['spec.leaderWorkerTemplate.leaderTemplate', 'spec.leaderWorkerTemplate.workerTemplate'],
    { replicas: 'spec.replicas' },
  ),
  row('ray.io/v1', 'RayCluster', 'rayclusters', rayTemplates('spec'), { suspend: 'spec.suspend' }),
  row('ray.io/v1', 'RayJob', 'rayjobs', [...rayTemplates('spec.rayClusterSpec'), 'spec.submitterPodTemplate'], {
    suspend: 'spec.suspend',
    finished: {
      field: { path: parsePath('status.jobDeploymentStatus'), values: ['Complete', 'Failed', 'ValidationFailed'] },
    },
  }),
  row('ray.io/v1', 'RayService', 'rayservices', rayTemplates('spec.rayClusterConfig')),
  row('kubeflow.org/v1', 'PyTorchJob', 'pytorchjobs', ['spec.pytorchReplicaSpecs[*].template'], {
    replicas: 'spec.pytorchReplicaSpecs[*].replicas',
    suspend: 'spec.runPolicy.suspend',
    finished: { conditions: ['Succeeded', 'Failed'] },
  }),
];

export const KNOWN_MAKERS: readonly MakerRow[] = [
  {
    group: 'serving.knative.dev',
    kind: 'Service',
    makes: { group: 'apps', kind: 'Deployment', label: 'serving.knative.dev/service' },
  },
  {
    group: 'serving.kserve.io',
    kind: 'InferenceService',
    makes: { group: 'apps', kind: 'Deployment', label: 'serving.kserve.io/inferenceservice' },
  },
  {
    group: 'trainer.kubeflow.org',
    kind: 'TrainJob',
    makes: { group: 'jobset.x-k8s.io', kind: 'JobSet' },
  },
];

export const KNOWN_KINDS: WorkloadKinds = { rows: KNOWN_ROWS, makers: KNOWN_MAKERS };

function rayTemplates(at: string): readonly string[] {
  return [`${at}.headGroupSpec.template`, `${at}.workerGroupSpecs[*].template`];
}

function row(
  apiVersion: `${string}/${string}`,
  kind: string,
  plural: string,
  templates: readonly string[],
  { finished, ...paths }: Parts = {},
): KindRow {
  const [group = '', version = ''] = apiVersion.split('/');
  const parsed = Object.entries(paths).map(([name, path]) => [name, parsePath(path)]);
  return {
    group,
    version,
    kind,
    plural,
    templates: templates.map(parsePath),
    ...Object.fromEntries(parsed),
    ...(finished && { finished }),
  };
}
