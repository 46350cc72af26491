import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goModule } from '@kube-prefetch/lab/set-up';

/** The CustomResourceDefinitions of others, as their Go modules have them. */
const MODULES: readonly (readonly [module: string, version: string, files: readonly string[]])[] = [
  ['github.com/argoproj/argo-rollouts', 'v1.8.3', ['manifests/crds/rollout-crd.yaml']],
  ['sigs.k8s.io/jobset', 'v0.8.0', ['config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml']],
  ['sigs.k8s.io/lws', 'v0.6.1', ['config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml']],
  [
    'github.com/ray-project/kuberay/ray-operator',
    'v1.5.0',
    ['rayclusters', 'rayjobs', 'rayservices'].map(plural => `config/crd/bases/ray.io_${plural}.yaml`),
  ],
  ['github.com/kubeflow/training-operator', 'v1.8.1', ['manifests/base/crds/kubeflow.org_pytorchjobs.yaml']],
];

export async function realCrds(): Promise<readonly string[]> {
  const texts = MODULES.map(async ([module, version, files]) => {
    const folder = await goModule(module, version);
    return files.map(file => readFileSync(join(folder, file), 'utf8'));
  });
  return (await Promise.all(texts)).flat();
}

/** A schema written for the test, for a kind whose definition no Go module has. */
export function ownCrd(group: string, kind: string, plural: string, versions: readonly string[]): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: FREE, status: FREE } } },
      })),
    },
  };
}

const FREE = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
