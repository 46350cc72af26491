import { type ImageRef, type RewriteRule, resourceName } from '@kube-prefetch/protocol';
import { createPlacementSharer, placementKey, type SharePlacement } from '../placement/equal-placements.ts';
import type { Placement } from '../placement/placement.ts';
import type { ClusterState, Resource, Workload } from '../state/cluster-state.ts';
import { type Ask, byPullOrder, byText } from './ask.ts';
import { compileExclude } from './exclude-images.ts';
import { describeWorkload, type FoundWorkloads, findWorkloads, workloadsThatCount } from './find-workloads.ts';
import { kindsRead } from './kind-names.ts';
import { podImages, pullsAlways, type UnplannedReason, whyTooLong, whyUnplanned } from './pod-images.ts';
import { excludedByAnnotation, unclearAnnotations } from './workload-annotations.ts';
import { type ChoosePullSecrets, choosePullSecrets, type PullSecrets, pullSecretsKey } from './pull-secrets.ts';
import { compileRewrite, type Rewritten } from './rewrite-images.ts';
import { problemsOf } from './spec-problems.ts';
import { type BeyondLimit, limitTenants, type TenantLimits } from './tenant-limits.ts';

export interface CollectedAsks {
  /** In pull order. */
  readonly asks: readonly Ask[];
  /** By `resourceName`, for resources that found such images. */
  readonly unplanned: ReadonlyMap<string, UnplannedImages>;
  /** By `resourceName`: what tenants may not ask for. */
  readonly beyond: ReadonlyMap<string, readonly BeyondLimit[]>;
  /** By `resourceName`: what of its workloads and rules could not be used or understood, a sentence each. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
  /** What could not be read and these asks are made from, a sentence each. Not empty: plans are incomplete. */
  readonly gaps: readonly string[];
}

/** How many images of a resource's workloads are not asked for. */
export type UnplannedImages = Readonly<Record<UnplannedReason, number>>;

/**
 * Who wants which image where: one ask per resource, image, distinct placement and distinct pull
 * secrets. A resource with problems asks for nothing. An image is what `spec.rewrite`, or else `rewrite`, makes of what is
 * written: what comes after, such as limits and pull secrets, knows only what nodes pull.
 * A malformed reference that is named outright still becomes an ask, which fails as InvalidReference, and status says so: if the
 * whole resource were refused, one bad image would keep the good ones away.
 */
export function collectAsks(
  state: ClusterState,
  limits: TenantLimits = {},
  rewrite: readonly RewriteRule[] = [],
): CollectedAsks {
  const sharePlacement = createPlacementSharer();
  const workloads = workloadsThatCount(state.workloads);
  const chooseSecrets = choosePullSecrets(state);
  const asks: (readonly Ask[])[] = [];
  const unplanned = new Map<string, UnplannedImages>();
  const notes = new Map<string, readonly string[]>();
  const accepted = state.resources.filter(resource => problemsOf(resource, state.kinds).length === 0);
  for (const resource of accepted.toSorted((a, b) => byText(resourceName(a.ref), resourceName(b.ref)))) {
    const excluded = compileExclude(resource.spec.exclude);
    const rewriteImage = compileRewrite([
      { name: 'spec.rewrite', rules: resource.spec.rewrite },
      { name: "the coordinator's rewrite", rules: rewrite },
    ]);
    const tools = { sharePlacement, secretsFor: chooseSecrets(resource), rewriteImage };
    const found = findWorkloads(resource, workloads, state.namespaces, state.kinds);
    const images = [...namedOutright(resource, tools), ...foundInWorkloads(resource, found, tools)].filter(
      ({ image, written }) => !excluded(image, written),
    );
    const planned = images.filter(image => image.unplanned === undefined);
    asks.push(asksOf(resource, planned));
    const name = resourceName(resource.ref);
    if (planned.length < images.length) unplanned.set(name, countUnplanned(images));
    const sentences = [...found.notes, ...unclearAnnotations(found.workloads), ...badlyRewritten(images)];
    if (sentences.length > 0) notes.set(name, sentences);
  }
  const { within, beyond } = limitTenants(asks.flat().sort(byPullOrder), limits);
  return { asks: within, unplanned, beyond, notes, gaps: gapsOf(state, accepted) };
}

/** Those of the state, and those of the kinds that at least one of the resources names. */
export function gapsOf(
  { gaps, kinds = [], resources: all }: Pick<ClusterState, 'gaps' | 'kinds' | 'resources'>,
  resources = all,
): readonly string[] {
  const readable = resources.filter(({ problems }) => problems.length === 0);
  const named = new Set(readable.flatMap(({ spec }) => kindsRead(spec, kinds)));
  const more = [...named].flatMap(kind => kind.gaps);
  return more.length === 0 ? gaps : [...gaps, ...more];
}

interface WantedImage extends Rewritten {
  readonly written: ImageRef;
  readonly pullsAlways: boolean;
  readonly placement: Placement;
  readonly pullSecrets: PullSecrets;
  readonly source: string;
  readonly unclear?: boolean;
  readonly unplanned?: UnplannedReason | undefined;
}

interface Tools {
  readonly sharePlacement: SharePlacement;
  readonly secretsFor: ReturnType<ChoosePullSecrets>;
  readonly rewriteImage: (written: ImageRef) => Rewritten;
}

function namedOutright({ spec }: Resource, tools: Tools): readonly WantedImage[] {
  const pod = { tolerations: spec.nodes?.tolerations ?? [], extendedResources: {} };
  const placement = tools.sharePlacement(spec.nodes, pod);
  const pullSecrets = tools.secretsFor();
  return spec.images.map(written => {
    const rewritten = tools.rewriteImage(written);
    return {
      ...rewritten,
      written,
      pullsAlways: false,
      placement,
      pullSecrets,
      source: 'spec.images',
      unplanned: whyTooLong(rewritten.image),
    };
  });
}

function foundInWorkloads(resource: Resource, found: FoundWorkloads, tools: Tools): readonly WantedImage[] {
  return found.workloads.flatMap(workload => {
    const placement = tools.sharePlacement(resource.spec.nodes, placedPod(resource, workload));
    const pullSecrets = tools.secretsFor({ spec: workload.pod, namespace: workload.namespace });
    const source = describeWorkload(workload);
    return podImages(workload.pod).map(podImage => {
      const rewritten = tools.rewriteImage(podImage.image);
      return {
        ...rewritten,
        written: podImage.image,
        pullsAlways: pullsAlways(podImage),
        placement,
        pullSecrets,
        source,
        unclear: found.unclear.has(workload),
        unplanned: excludedByAnnotation(workload, podImage) ?? whyUnplanned(podImage) ?? whyTooLong(rewritten.image),
      };
    });
  });
}

function placedPod({ ownPods }: Resource, { pod }: Workload): Placement['pod'] {
  if (ownPods) return { tolerations: [], extendedResources: {} };
  const { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources } = pod;
  return { nodeName, nodeSelector, nodeAffinity, tolerations, os, extendedResources };
}

/** Each sentence once, sorted. */
function badlyRewritten(images: readonly WantedImage[]): readonly string[] {
  const wanted = images.filter(({ unplanned }) => unplanned === undefined || unplanned === 'tooLong');
  return [...new Set(wanted.flatMap(({ problem = [] }) => problem))].sort(byText);
}

/** One that is excluded or never pulled counts once, and not at all where it is planned for somebody else. */
function countUnplanned(images: readonly WantedImage[]): UnplannedImages {
  const planned = new Set(images.filter(({ unplanned }) => unplanned === undefined).map(({ image }) => image));
  const found = (reason: UnplannedReason) => images.filter(({ unplanned }) => unplanned === reason);
  const distinct = (reason: UnplannedReason) =>
    new Set(
      found(reason)
        .map(({ image }) => image)
        .filter(image => !planned.has(image)),
    ).size;
  return {
    excludedByAnnotation: distinct('excludedByAnnotation'),
    placeholder: found('placeholder').length,
    neverPulled: distinct('neverPulled'),
    tooLong: found('tooLong').length,
  };
}

function asksOf({ ref, spec }: Resource, images: readonly WantedImage[]): readonly Ask[] {
  const byPlacement = Map.groupBy(images, ({ placement }) => placement);
  return [...byPlacement]
    .map(([placement, placed]) => ({ placement, placed, key: placementKey(placement) }))
    .sort((a, b) => byText(a.key, b.key))
    .flatMap(({ placement, placed }) =>
      [...Map.groupBy(placed, ({ image }) => image)].flatMap(([image, wanted]) =>
        bySecrets(wanted).map(
          ([pullSecrets, same]): Ask => ({
            resource: ref,
            image,
            priority: spec.priority,
            start: !spec.suspend && !same.every(({ unclear }) => unclear),
            ...(same.every(({ unclear }) => unclear) && { unclear: true }),
            pullsAlways: same.some(want => want.pullsAlways),
            placement,
            pullSecrets,
            sources: [...new Set(same.map(({ source }) => source))].sort(byText),
            ...rewrittenOf(same),
          }),
        ),
      ),
    );
}

function rewrittenOf(wanted: readonly WantedImage[]): Pick<Ask, 'rewritten'> {
  const texts = wanted.flatMap(({ written, rule }) => (rule === undefined ? [] : [`${written} by ${rule}`]));
  return texts.length === 0 ? {} : { rewritten: [...new Set(texts)].sort(byText) };
}

/** In the order of their keys, whatever order the workloads came in. */
function bySecrets(wanted: readonly WantedImage[]): readonly [PullSecrets, readonly WantedImage[]][] {
  const groups = [...Map.groupBy(wanted, ({ pullSecrets }) => pullSecrets)];
  return groups.sort(([a], [b]) => byText(pullSecretsKey(a), pullSecretsKey(b)));
}
