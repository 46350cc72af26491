import { durationMs, type ImageRef, isMovingTag, type RewriteRule, resourceName } from '@kube-prefetch/protocol';
import { createPlacementSharer, placementKey, type SharePlacement } from '../placement/equal-placements.ts';
import type { Placement } from '../placement/placement.ts';
import type { ClusterState, PodImage, PodSpec, Resource, Workload } from '../state/cluster-state.ts';
import { type Ask, byPullOrder, byText } from './ask.ts';
import { compileExclude } from './exclude-images.ts';
import { admittedImages, type Admitted } from '../pods/admitted-images.ts';
import { wantsAdmitted } from '../pods/pods-wanted.ts';
import { keptWorkloads, type RecentPods } from '../pods/recent-pods.ts';
import {
  describeWorkload,
  type FoundWorkloads,
  findWorkloads,
  workloadsThatCount,
} from '../workloads/find-workloads.ts';
import { kindsKnown, kindsRead } from '../workloads/kind-names.ts';
import { podImages, pullsAlways, type UnplannedReason, whyTooLong, whyUnplanned } from '../workloads/pod-images.ts';
import { excludedByAnnotation, unclearAnnotations } from '../workloads/workload-annotations.ts';
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
  recentPods: RecentPods = new Map(),
): CollectedAsks {
  const sharePlacement = createPlacementSharer();
  const workloads = workloadsThatCount(state.workloads);
  const chooseSecrets = choosePullSecrets(state);
  const admitted = admittedImages(state);
  const admittedNames = (workload: Workload) => containerNames(admitted(workload));
  const asks: (readonly Ask[])[] = [];
  const unplanned = new Map<string, UnplannedImages>();
  const notes = new Map<string, readonly string[]>();
  const kinds = kindsKnown(state);
  const accepted = state.resources.filter(resource => problemsOf(resource, kinds).length === 0);
  for (const resource of accepted.toSorted((a, b) => byText(resourceName(a.ref), resourceName(b.ref)))) {
    const excluded = compileExclude(resource.spec.exclude);
    const rewriteImage = compileRewrite([
      { name: 'spec.rewrite', rules: resource.spec.rewrite },
      { name: "the coordinator's rewrite", rules: rewrite },
    ]);
    const tools = { sharePlacement, secretsFor: chooseSecrets(resource), rewriteImage, admitted };
    const found = findWorkloads(resource, workloads, state.namespaces, kinds);
    const pods = keptWorkloads(recentPods.get(resourceName(resource.ref)) ?? []);
    const images = [
      ...namedOutright(resource, tools),
      ...foundInWorkloads(resource, found, tools),
      ...pods.flatMap(pod => imagesOf(resource, pod, admittedImagesOf(pod, [pod.pod]), tools)),
    ].filter(({ image, written }) => !excluded(image, written));
    const planned = images.filter(image => image.unplanned === undefined);
    asks.push(asksOf(resource, planned));
    const name = resourceName(resource.ref);
    if (planned.length < images.length) unplanned.set(name, countUnplanned(images));
    const sentences = [
      ...(state.pods?.allowed === false && wantsAdmitted(resource) ? [WITHOUT_PODS] : []),
      ...found.notes,
      ...unclearAnnotations(found.workloads, admittedNames),
      ...badlyRewritten(images),
    ];
    if (sentences.length > 0) notes.set(name, sentences);
  }
  const { within, beyond } = limitTenants(asks.flat().sort(byPullOrder), limits);
  return { asks: within, unplanned, beyond, notes, gaps: gapsOf(state, accepted) };
}

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

interface Tools {
  readonly admitted: (workload: Workload) => Admitted;
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
    const wanted = found.wanted.get(workload);
    const admitted = tools.admitted(workload);
    const written = writtenImagesOf(workload, wanted?.written ?? true, wanted?.admitted ? admitted : undefined);
    const pulled = new Set(written.map(({ podImage }) => tools.rewriteImage(podImage.image).image));
    const seen = wanted?.admitted ? admittedImagesOf(workload, admitted.pods) : [];
    // What no webhook changed is as it was written, also in whose secrets it is pulled with.
    const images = [...written, ...seen.filter(({ podImage }) => !pulled.has(podImage.image))];
    return imagesOf(resource, workload, images, tools, found.unclear.has(workload));
  });
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
  const placement = tools.sharePlacement(resource.spec.nodes, placedPod(resource, workload));
  return images.map(({ podImage, pod, source, admitted }) => {
    const rewritten = admitted ? { image: podImage.image } : tools.rewriteImage(podImage.image);
    return {
      ...rewritten,
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
            ...refreshOf(spec, image, same),
            placement,
            pullSecrets,
            sources: [...new Set(same.map(({ source }) => source))].sort(byText),
            ...rewrittenOf(same),
          }),
        ),
      ),
    );
}

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

/** In the order of their keys, whatever order the workloads came in. */
function bySecrets(wanted: readonly WantedImage[]): readonly [PullSecrets, readonly WantedImage[]][] {
  const groups = [...Map.groupBy(wanted, ({ pullSecrets }) => pullSecrets)];
  return groups.sort(([a], [b]) => byText(pullSecretsKey(a), pullSecretsKey(b)));
}
