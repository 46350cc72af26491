import { alwaysLeader, createManifestsSource, createManifestsStatusSink } from '@kube-prefetch/cluster';
import { type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { SourceParts, Surroundings } from './source-parts.ts';

interface ManifestsConfig {
  readonly manifests: string;
  readonly statusDir: string;
}

/** A folder of manifests, and one coordinator. */
export function manifestsParts(config: ManifestsConfig, { clock, log }: Surroundings): SourceParts {
  const source = createManifestsSource({ dir: config.manifests, clock, log });
  const exists = (resource: ResourceRef) =>
    source.read()?.resources.some(({ ref }) => resourceName(ref) === resourceName(resource)) ?? true;
  return {
    source,
    statuses: createManifestsStatusSink({ dir: config.statusDir, clock, exists }),
    leadership: alwaysLeader({ clock }),
  };
}
