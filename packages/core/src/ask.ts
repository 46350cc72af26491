import type { ImageRef, NodeChoice, ResourceRef } from '@kube-prefetch/protocol';
import type { PodSpec } from './cluster-state.ts';

/** One resource wanting one image on some nodes. */
export interface Ask {
  readonly resource: ResourceRef;
  readonly image: ImageRef;
  readonly priority: number;
  /** False where the resource is suspended. */
  readonly start: boolean;
  /** A container that asks for it pulls with Always: its pods need the registry even where the image is warm. */
  readonly pullsAlways: boolean;
  readonly placement: Placement;
  /** Who wants it, `Deployment shop/web`; `spec.images` where named outright. Sorted. */
  readonly sources: readonly string[];
}

/** Where an ask wants its image: nodes of `choice` on which the scheduler could put `pod`. */
export interface Placement {
  readonly choice: NodeChoice | undefined;
  /** What the scheduler looks at; for an image named outright an empty pod with the choice's tolerations. */
  readonly pod: Pick<
    PodSpec,
    'nodeName' | 'nodeSelector' | 'nodeAffinity' | 'tolerations' | 'os' | 'extendedResources'
  > & {
    /** A DaemonSet's pods also tolerate what its controller adds. */
    readonly daemonSet: boolean;
  };
}

/** Whether an ask wants its image on a node; `Held`: yes, but nothing may start there now. */
export interface Verdict {
  readonly verdict: 'Yes' | 'No' | 'Held';
  /** For `explain`: names the rule that decided, with the values on both sides. */
  readonly sentence: string;
}
