import { durationMs, type ImageRef, isMovingTag, type RewriteRule, resourceName } from '@kube-prefetch/protocol';
import { memoise, memoiseList } from '../memoise.ts';
import { sharePlacement } from '../placement/equal-placements.ts';
import type { Placement } from '../placement/placement.ts';
import type { ClusterState, KeptPod, PodImage, PodSpec, Resource, Workload } from '../state/cluster-state.ts';
import { type Ask, byAskOrder, byText } from './ask.ts';
import { compileExclude } from './exclude-images.ts';
import { admittedImages, type Admitted } from '../pods/admitted-images.ts';
import { wantsAdmitted } from '../pods/pods-wanted.ts';
import { keptWorkload, type RecentPods } from '../pods/recent-pods.ts';
import { describeWorkload, findWorkloads, workloadsThatCount } from '../workloads/find-workloads.ts';
import { kindsKnown, kindsRead } from '../workloads/kind-names.ts';
import { podImages, pullsAlways, type UnplannedReason, whyTooLong, whyUnplanned } from '../workloads/pod-images.ts';
import { excludedByAnnotation, unclearAnnotations } from '../workloads/workload-annotations.ts';
import { choosePullSecrets, type PullSecrets } from './pull-secrets.ts';
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
  limits: TenantLimits = NO_LIMITS,
  rewrite: readonly RewriteRule[] = NO_RULES,
  recentPods: RecentPods = NO_PODS,
): CollectedAsks {
  return collect(state, limits, rewrite, recentPods);
}

const NO_LIMITS: TenantLimits = {};
const NO_RULES: readonly RewriteRule[] = [];
const NO_PODS: RecentPods = new Map();

const collect = memoise(
  (state: ClusterState, limits: TenantLimits, rewrite: readonly RewriteRule[], recentPods: RecentPods) => {
    const workloads = workloadsThatCount(state.workloads);
    const admitted = admittedImages(state);
    const admittedNames = (workload: Workload) => containerNames(admitted(workload));
    const asks: (readonly Ask[])[] = [];
    const unplanned = new Map<string, UnplannedImages>();
    const notes = new Map<string, readonly string[]>();
    const kinds = kindsKnown(state);
    const accepted = state.resources.filter(resource => problemsOf(resource, kinds).length === 0);
    for (const resource of accepted) {
      const imagesOf = findImages(resource, rewrite, state.ownNamespace, state.serviceAccounts);
      const found = findWorkloads(resource, workloads, state.namespaces, kinds);
      const name = resourceName(resource.ref);
      const images = [
        ...imagesOf.spec,
        ...found.workloads.flatMap(workload => {
          const { written = true, admitted: seen = false } = found.wanted.get(workload) ?? {};
          return imagesOf.workload(workload, written, seen, found.unclear.has(workload), admitted(workload));
        }),
        ...(recentPods.get(name) ?? []).flatMap(pod => imagesOf.pod(pod)),
      ];
      const planned = images.filter(image => image.unplanned === undefined);
      asks.push(asksOf(planned));
      if (planned.length < images.length) unplanned.set(name, countUnplanned(images));
      const sentences = [
        ...(state.pods?.allowed === false && wantsAdmitted(resource) ? [WITHOUT_PODS] : []),
        ...found.notes,
        ...unclearAnnotations(found.workloads, admittedNames),
        ...badlyRewritten(images),
      ];
      if (sentences.length > 0) notes.set(name, sentences);
    }
    const { within, beyond } = limitTenants(asks.flat().sort(byAskOrder), limits);
    return { asks: within, unplanned, beyond, notes, gaps: gapsOf(state, accepted) };
  },
);

/** Those of the state, and those of the kinds that at least one of the resources names. */
export function gapsOf(
  state: Pick<ClusterState, 'gaps' | 'kinds' | 'pods' | 'resources'>,
  resources = state.resources,
): readonly string[] {
  const { gaps, pods } = state;
  const kinds = kindsKnown(state);
  const readable = resources.filter(({ problems }) => problems.length === 0);
  const named = new Set(readable.flatMap(({ spec }) => kindsRead(spec, kinds)));
  const ofPods = readable.some(wantsAdmitted) ? (pods?.gaps ?? []) : [];
  const more = [...new Set([...[...named].flatMap(kind => kind.gaps), ...ofPods])];
  return more.length === 0 ? gaps : [...gaps, ...more];
}

interface WantedImage extends Rewritten {
  readonly resource: Resource;
  readonly written: ImageRef;
  readonly pullsAlways: boolean;
  readonly placement: Placement;
  readonly pullSecrets: PullSecrets;
  readonly source: string;
  readonly unclear?: boolean;
  readonly unplanned?: UnplannedReason | undefined;
}

/** An image of a workload, and where it was found. */
interface FoundImage {
  readonly podImage: PodImage;
  /** The template or pod that it is of: who pulls. */
  readonly pod: PodSpec;
  readonly source: string;
  /** Webhooks had their turn: it is what nodes pull. */
  readonly admitted: boolean;
}

const WITHOUT_PODS =
  'images of workloads count as written, as the coordinator may not list pods: what webhooks change is not seen; an administrator sets pods.read';

/**
 * Says which images a resource wants of itself, of a workload, and of a pod that is or was there, without those that it excludes. Most
 * workloads are in each pass what they were in the one before, and so are their images.
 */
const findImages = memoise(
  (
    resource: Resource,
    rewrite: readonly RewriteRule[],
    ownNamespace: ClusterState['ownNamespace'],
    serviceAccounts: ClusterState['serviceAccounts'],
  ) => {
    const excluded = compileExclude(resource.spec.exclude);
    const tools: Tools = {
      secretsFor: choosePullSecrets({ ownNamespace, serviceAccounts })(resource),
      rewriteImage: compileRewrite([
        { name: 'spec.rewrite', rules: resource.spec.rewrite },
        { name: "the coordinator's rewrite", rules: rewrite },
      ]),
    };
    const notExcluded = (images: readonly WantedImage[]) =>
      images.filter(({ image, written }) => !excluded(image, written));
    const named = notExcluded(namedOutright(resource, tools));
    return {
      spec: named,
      workload: memoise((workload: Workload, written: boolean, seen: boolean, unclear: boolean, admitted: Admitted) =>
        notExcluded(foundInWorkload(resource, workload, { written, seen, unclear, admitted }, tools)),
      ),
      pod: memoise((kept: KeptPod) => {
        const pod = keptWorkload(kept);
        return notExcluded(imagesOf(resource, pod, admittedImagesOf(pod, [pod.pod]), tools));
      }),
    };
  },
);

interface Tools {
  readonly secretsFor: ReturnType<ReturnType<typeof choosePullSecrets>>;
  readonly rewriteImage: (written: ImageRef) => Rewritten;
}

function namedOutright(resource: Resource, tools: Tools): readonly WantedImage[] {
  const { spec } = resource;
  const pod = { tolerations: spec.nodes?.tolerations ?? [], extendedResources: {} };
  const placement = sharePlacement(spec.nodes, pod);
  const pullSecrets = tools.secretsFor();
  return spec.images.map(written => {
    const rewritten = tools.rewriteImage(written);
    return {
      ...rewritten,
      resource,
      written,
      pullsAlways: false,
      placement,
      pullSecrets,
      source: 'spec.images',
      unplanned: whyTooLong(rewritten.image),
    };
  });
}

/** What decides beside the workload itself. */
interface FoundHow {
  readonly written: boolean;
  /** Whether images as admitted are wanted. */
  readonly seen: boolean;
  readonly unclear: boolean;
  readonly admitted: Admitted;
}

function foundInWorkload(
  resource: Resource,
  workload: Workload,
  { written: isWritten, seen: isSeen, unclear, admitted }: FoundHow,
  tools: Tools,
): readonly WantedImage[] {
  const written = writtenImagesOf(workload, isWritten, isSeen ? admitted : undefined);
  const pulled = new Set(written.map(({ podImage }) => tools.rewriteImage(podImage.image).image));
  const seen = isSeen ? admittedImagesOf(workload, admitted.pods) : [];
  // What no webhook changed is as it was written, also in whose secrets it is pulled with.
  const images = [...written, ...seen.filter(({ podImage }) => !pulled.has(podImage.image))];
  return imagesOf(resource, workload, images, tools, unclear);
}

/**
 * Those of the template. Without `written` they count until a pod of the template as it is now shows what becomes of them; and
 * one that stands for whatever a webhook chooses counts no more once that is known.
 */
function writtenImagesOf(workload: Workload, written: boolean, admitted: Admitted | undefined): readonly FoundImage[] {
  if (!written && admitted?.current) return [];
  const { pod } = workload;
  const chosen = new Set(admitted?.current ? containerNames(admitted) : []);
  const source = describeWorkload(workload);
  return podImages(pod)
    .filter(
      ({ name, ...podImage }) => !(name !== undefined && chosen.has(name) && whyUnplanned(podImage) === 'placeholder'),
    )
    .map(podImage => ({ podImage, pod, source, admitted: false }));
}

function admittedImagesOf(workload: Workload, pods: readonly PodSpec[]): readonly FoundImage[] {
  const isPod = workload.group === '' && workload.kind === 'Pod';
  const source = isPod ? describeWorkload(workload) : `${describeWorkload(workload)} as admitted`;
  return pods.flatMap(pod => podImages(pod).map(podImage => ({ podImage, pod, source, admitted: true })));
}

function containerNames({ pods }: Admitted): readonly string[] {
  return pods.flatMap(pod => podImages(pod).flatMap(({ name }) => name ?? []));
}

/** Pods may run where the template says, whatever webhooks and schedulers made of it. */
function imagesOf(
  resource: Resource,
  workload: Workload,
  images: readonly FoundImage[],
  tools: Tools,
  unclear = false,
): readonly WantedImage[] {
  const placement = sharePlacement(resource.spec.nodes, placedPod(resource, workload));
  return images.map(({ podImage, pod, source, admitted }) => {
    const rewritten = admitted ? { image: podImage.image } : tools.rewriteImage(podImage.image);
    return {
      ...rewritten,
      resource,
      written: podImage.image,
      pullsAlways: pullsAlways(podImage),
      placement,
      pullSecrets: tools.secretsFor({ spec: pod, namespace: workload.namespace }),
      source,
      unclear,
      unplanned: excludedByAnnotation(workload, podImage) ?? whyUnplanned(podImage) ?? whyTooLong(rewritten.image),
    };
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

function asksOf(images: readonly WantedImage[]): readonly Ask[] {
  const together = [...Map.groupBy(images, ({ placement }) => placement).values()]
    .flatMap(placed => [...Map.groupBy(placed, ({ image }) => image).values()])
    .flatMap(wanted => [...Map.groupBy(wanted, ({ pullSecrets }) => pullSecrets).values()]);
  return together.map(same => askOf(same[0] as WantedImage, same));
}

const askOf = memoiseList((first: WantedImage, same: readonly WantedImage[]): Ask => {
  const {
    image,
    placement,
    pullSecrets,
    resource: { ref, spec },
  } = first;
  const unclear = same.every(want => want.unclear);
  return {
    resource: ref,
    image,
    priority: spec.priority,
    start: !spec.suspend && !unclear,
    ...(unclear && { unclear: true }),
    pullsAlways: same.some(want => want.pullsAlways),
    ...refreshOf(spec, image, same),
    placement,
    pullSecrets,
    sources: [...new Set(same.map(({ source }) => source))].sort(byText),
    ...rewrittenOf(same),
  };
});

/** Where no container pulls with Always, a moved tag must not change what the next start of a pod runs, unless a resource says so. */
function refreshOf(
  { refresh }: Resource['spec'],
  image: ImageRef,
  wanted: readonly WantedImage[],
): Pick<Ask, 'refresh'> {
  const { policy = 'AsPod', interval } = refresh ?? {};
  const isWanted = policy === 'Always' || (policy === 'AsPod' && wanted.some(({ pullsAlways }) => pullsAlways));
  if (!isWanted || !isMovingTag(image)) return {};
  return { refresh: { intervalMs: interval === undefined ? undefined : durationMs(interval) } };
}

function rewrittenOf(wanted: readonly WantedImage[]): Pick<Ask, 'rewritten'> {
  const texts = wanted.flatMap(({ written, rule }) => (rule === undefined ? [] : [`${written} by ${rule}`]));
  return texts.length === 0 ? {} : { rewritten: [...new Set(texts)].sort(byText) };
}
