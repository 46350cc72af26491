import type { TemplatePath } from './template-path.ts';

/** A kind of workload, and where in its objects the templates of its pods are. */
export interface KindRow {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in the API's paths and in RBAC: `deployments`. */
  readonly plural: string;
  /** Each leads to a PodTemplateSpec or a PodSpec; one that leads nowhere in an object adds nothing. */
  readonly templates: readonly TemplatePath[];
  /** Types of `status.conditions`, of which one that is True says that it starts no more pods. */
  readonly finishedConditions: readonly string[];
}

/** How its manifests name it: `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<KindRow, 'group' | 'version'>): string {
  return `${group}/${version}`;
}
