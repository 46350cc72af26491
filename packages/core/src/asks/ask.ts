import { type ImageRef, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import { placementKey } from '../placement/equal-placements.ts';
import type { Placement } from '../placement/placement.ts';
import { type PullSecrets, pullSecretsKey } from './pull-secrets.ts';

/** One resource wanting one image on some nodes. */
export interface Ask {
  readonly resource: ResourceRef;
  readonly image: ImageRef;
  readonly priority: number;
  /** False where the resource is suspended, may not take more of the node, or where `unclear`. */
  readonly start: boolean;
  /** Its namespace's images take as many bytes of the node as they may; then `start` is false. */
  readonly beyondBytes?: true;
  /** Only workloads want it whose opt-in cannot be understood; then `start` is false. */
  readonly unclear?: true;
  /** A container that uses it pulls with Always: its pods need the registry even where the image is warm. */
  readonly pullsAlways: boolean;
  /** Its tag is looked up from time to time: after `intervalMs`, or as the chart says where that is undefined. */
  readonly refresh?: { readonly intervalMs: number | undefined };
  readonly placement: Placement;
  readonly pullSecrets: PullSecrets;
  /** Who wants it, `Deployment shop/web`; `spec.images` where named outright. Sorted. */
  readonly sources: readonly string[];
  /** What is written where the image is what a rule makes of it, and which rule: `nginx:1.27 by spec.rewrite[0]`. Sorted. */
  readonly rewritten?: readonly string[];
}

/** Higher priority first, then by image: the order of plans, the same whoever sorts. */
export function byPullOrder(a: Pick<Ask, 'priority' | 'image'>, b: Pick<Ask, 'priority' | 'image'>): number {
  return b.priority - a.priority || byText(a.image, b.image);
}

/** The order of asks: in pull order, and where that is the same by what else tells them apart. */
export function byAskOrder(a: Ask, b: Ask): number {
  return (
    byPullOrder(a, b) ||
    byText(resourceName(a.resource), resourceName(b.resource)) ||
    byText(placementKey(a.placement), placementKey(b.placement)) ||
    byText(pullSecretsKey(a.pullSecrets), pullSecretsKey(b.pullSecrets))
  );
}

/** Compares code units and no locale's rules, so every machine sorts alike. */
export function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
