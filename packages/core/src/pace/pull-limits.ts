import { type ImageRef, registryOf, resourceName, type Spread } from '@kube-prefetch/protocol';
import { memoise } from '../memoise.ts';
import type { Cohort } from '../plans/group-nodes.ts';
import type { Resource } from '../state/cluster-state.ts';
import { narrower, type WaveNews, waveLimit } from './waves.ts';

/** A bound on pulls that run at once. A pull counts towards every limit that holds for it, and starts when each has room. */
export interface PullLimit {
  /** One for each limit. */
  readonly key: string;
  readonly of: LimitOwner;
  readonly most: number;
  /** A node counts once, however many of its pulls the limit holds for. */
  readonly counts: 'pulls' | 'nodes';
  /** Whose it is and how much it lets through. */
  readonly sentence: string;
  /** Nodes that count towards it beside those that have permits; absent: none. */
  readonly alsoUsing?: ReadonlySet<string>;
  /** How long a permit that is given back counts on: until its node has told how the pull ended. */
  readonly lingersMs?: number;
  /** Whether other nodes get their turn first; absent: none do. */
  readonly isLater?: (node: string) => boolean;
}

export type LimitOwner =
  | { readonly kind: 'Cluster' }
  /** The resource as `resourceName` has it. */
  | { readonly kind: 'Registry' | 'Resource'; readonly name: string }
  | { readonly kind: 'Wave'; readonly image: ImageRef; readonly architecture: string; readonly news: WaveNews };

export interface PaceSettings {
  /** Pulls that may run at once in the whole cluster; undefined: any number. */
  readonly maxConcurrentPulls?: number | undefined;
  /** Pulls that may run at once from one registry; undefined: any number. */
  readonly maxConcurrentPullsPerRegistry?: number | undefined;
  /** Pulls that an agent runs at once; undefined: any number. */
  readonly parallelPulls?: number | undefined;
  /** Of images whose resources say nothing about waves; undefined: all nodes may pull at once. */
  readonly spread?: Spread | undefined;
}

export interface PaceInput {
  readonly settings: PaceSettings;
  readonly resources: readonly Resource[];
  readonly cohorts: readonly Cohort[];
  /** By registry: how many pulls each that refuses or fails may still have at once. */
  readonly slowed: ReadonlyMap<string, number>;
  readonly architectureOf: (node: string) => string;
  /** Asked only about images that are spread in waves. */
  readonly waveOf: (image: ImageRef, architecture: string) => WaveNews;
}

/** The limits that hold for a pull of the image on the node. */
export type LimitsOf = (node: string, image: ImageRef) => readonly PullLimit[];

/** Made once for each pass: what it returns is remembered for nodes of one cohort. */
export function decideLimits(pace: PaceInput): LimitsOf {
  const cluster = clusterLimit(pace.settings);
  const registryLimit = remember((registry: string) => limitOfRegistry(registry, pace));
  const resourceLimits = limitsOfResources(pace);
  const limitsOfCohort = remember((cohort: Cohort) => {
    const asks = Map.groupBy(
      cohort.asks.filter(({ start }) => start),
      ({ image }) => image,
    );
    return remember((image: ImageRef): readonly PullLimit[] => {
      const names = new Set(asks.get(image)?.map(({ resource }) => resourceName(resource)));
      const ofResources = [...names].flatMap(name => resourceLimits.get(name) ?? []);
      const registry = registryOf(image);
      return [...cluster, ...(registry === undefined ? [] : registryLimit(registry)), ...ofResources];
    });
  });
  const spreads = spreadsOf(pace.cohorts, pace.resources, pace.settings);
  const waves = remember((architecture: string) =>
    remember((image: ImageRef): readonly PullLimit[] => {
      const spread = spreads?.(image);
      const limit = spread && waveLimit(image, architecture, spread, pace.waveOf(image, architecture));
      return limit === undefined ? [] : [limit];
    }),
  );
  return (node, image) => {
    const cohort = homesOf(pace.cohorts).get(node);
    if (cohort === undefined) return cluster;
    const limits = limitsOfCohort(cohort)(image);
    return spreads === undefined ? limits : [...limits, ...waves(pace.architectureOf(node))(image)];
  };
}

const homesOf = memoise(
  (cohorts: readonly Cohort[]) => new Map(cohorts.flatMap(cohort => cohort.nodes.map(node => [node, cohort] as const))),
);

/** Undefined where no image is spread in waves. */
const spreadsOf = memoise((cohorts: readonly Cohort[], resources: readonly Resource[], settings: PaceSettings) => {
  const named = new Map(
    resources.flatMap(({ ref, spec }) => (spec.pull?.spread ? [[resourceName(ref), spec.pull.spread]] : [])),
  );
  if (named.size === 0) return settings.spread && (() => settings.spread);
  const spreads = new Map<ImageRef, Spread>();
  for (const { image, resource, start } of new Set(cohorts.flatMap(({ asks }) => asks))) {
    const spread = start ? named.get(resourceName(resource)) : undefined;
    if (spread !== undefined) spreads.set(image, narrower(spreads.get(image), spread));
  }
  return (image: ImageRef) => spreads.get(image) ?? settings.spread;
});

function clusterLimit({ maxConcurrentPulls: most }: PaceSettings): readonly PullLimit[] {
  if (most === undefined) return [];
  const sentence = `the cluster may run ${pulls(most)} at once`;
  return [{ key: 'cluster', of: { kind: 'Cluster' }, most, counts: 'pulls', sentence }];
}

function limitOfRegistry(registry: string, { settings, slowed }: PaceInput): readonly PullLimit[] {
  const { maxConcurrentPullsPerRegistry: set = Infinity } = settings;
  const slow = slowed.get(registry) ?? Infinity;
  const most = Math.min(set, slow);
  if (most === Infinity) return [];
  const why = slow < set ? ', because it refused or failed' : '';
  const sentence = `${registry} may have ${pulls(most)} at once${why}`;
  return [{ key: `registry ${registry}`, of: { kind: 'Registry', name: registry }, most, counts: 'pulls', sentence }];
}

/** By `resourceName`. */
function limitsOfResources({ resources, cohorts }: PaceInput): ReadonlyMap<string, PullLimit> {
  const limits = new Map<string, PullLimit>();
  for (const { ref, spec } of resources) {
    const limit = spec.pull?.maxConcurrentNodes;
    if (limit === undefined) continue;
    const name = resourceName(ref);
    const most = typeof limit === 'number' ? limit : nodesOf(limit, countNodes(name, cohorts));
    const sentence = `${name} lets ${most} ${most === 1 ? 'node' : 'nodes'} pull at once`;
    limits.set(name, { key: `resource ${name}`, of: { kind: 'Resource', name }, most, counts: 'nodes', sentence });
  }
  return limits;
}

/** How many nodes of those that get an agent the resource reaches. */
function countNodes(name: string, cohorts: readonly Cohort[]): number {
  const reached = cohorts.filter(
    ({ asks, applicable }) => applicable && asks.some(({ resource }) => resourceName(resource) === name),
  );
  return reached.reduce((sum, { nodes }) => sum + nodes.length, 0);
}

/** Rounded up, so that a small share of few nodes still lets one pull. */
function nodesOf(percent: string, nodes: number): number {
  return Math.max(1, Math.ceil((Number.parseInt(percent, 10) / 100) * nodes));
}

function pulls(most: number): string {
  return `${most} ${most === 1 ? 'pull' : 'pulls'}`;
}

function remember<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return key => {
    let value = made.get(key);
    if (value === undefined) made.set(key, (value = make(key)));
    return value;
  };
}
