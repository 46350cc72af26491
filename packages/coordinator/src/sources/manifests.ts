import { alwaysLeader, createManifestsSource, createManifestsStatusSink } from '@kube-prefetch/cluster';
import { type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { SourceParts, Surroundings } from './source-parts.ts';

interface ManifestsConfig {
  readonly manifests: string;
  readonly statusDir: string;
  readonly pullSecrets: 'read' | 'off';
}

/** Whose Secrets a ClusterPrefetch names: a folder has no namespace of the coordinator. */
const OWN_NAMESPACE = 'default';

/** A folder of manifests, and one coordinator. */
export function manifestsParts(config: ManifestsConfig, { clock, log, kinds }: Surroundings): SourceParts {
  const ownNamespace = config.pullSecrets === 'read' ? OWN_NAMESPACE : undefined;
  const source = createManifestsSource({ dir: config.manifests, clock, log, ownNamespace, kinds });
  const exists = (resource: ResourceRef) =>
    source.read()?.resources.some(({ ref }) => resourceName(ref) === resourceName(resource)) ?? true;
  return {
    source,
    secrets: source.secrets,
    statuses: createManifestsStatusSink({ dir: config.statusDir, clock, exists }),
    leadership: alwaysLeader({ clock }),
  };
}
