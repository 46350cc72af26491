import { collectAsks, groupNodes, summarise } from '@kube-prefetch/core';
import { aFleet, aNode, aResource, aState, type CellSaid } from '@kube-prefetch/core/testing';
import { API_VERSION, type FailureKind, renderCrd, type ResourceKind } from '@kube-prefetch/protocol';

/** What tools that wait for resources read from one, in the situations that its status tells apart. */
export interface HealthCase {
  readonly name: string;
  /** The resource as the API server shows it. */
  readonly object: object;
  readonly kstatus: 'InProgress' | 'Current' | 'Failed';
  /** Argo CD's, of an ordinary part of an application, and of one that waits for Warm. */
  readonly health: string;
  readonly whenWarm: string;
}

const AT = '2026-11-23T03:00:00Z';
const GENERATION = 4;
const PRESENT: CellSaid = { state: 'Present' };
const nodes = [aNode({ name: 'n1' }), aNode({ name: 'n2' })];
const failing = (kind: FailureKind): CellSaid => ({
  state: 'Failed',
  failure: { kind, message: 'as the runtime said it' },
  since: AT,
});
const onSecond = (cell: CellSaid) => (node: string) => (node === 'n2' ? cell : PRESENT);

interface Situation {
  readonly problems?: readonly string[];
  readonly suspend?: boolean;
  readonly nodes?: typeof nodes;
  readonly gaps?: readonly string[];
  readonly images?: readonly string[];
  readonly say?: (node: string) => CellSaid;
  /** Of the spec that was changed after the status was written. */
  readonly generation?: number;
  /** Nobody has written a status. */
  readonly unseen?: boolean;
}

type Expected = readonly [kstatus: HealthCase['kstatus'], health: string, whenWarm: string];

const SITUATIONS: Readonly<Record<string, readonly [Situation, Expected]>> = {
  unseen: [{ unseen: true }, ['InProgress', 'Progressing', 'Progressing']],
  'new-generation': [{ generation: GENERATION + 1 }, ['InProgress', 'Progressing', 'Progressing']],
  'new-generation-of-invalid': [
    { problems: ['spec.images: expected a list'], generation: GENERATION + 1 },
    ['InProgress', 'Progressing', 'Progressing'],
  ],
  invalid: [{ problems: ['spec.images: expected a list'] }, ['Failed', 'Degraded', 'Degraded']],
  warm: [{}, ['Current', 'Healthy', 'Healthy']],
  pulling: [{ say: onSecond({ state: 'Pulling' }) }, ['Current', 'Healthy', 'Progressing']],
  'awaiting-reports': [{ say: () => ({ state: 'Unknown' }) }, ['Current', 'Healthy', 'Progressing']],
  'no-agent': [{ say: onSecond({ state: 'Unknown', noAgent: true }) }, ['Current', 'Healthy', 'Progressing']],
  'registry-away': [{ say: onSecond(failing('RegistryUnavailable')) }, ['Current', 'Healthy', 'Progressing']],
  'not-found': [{ say: onSecond(failing('NotFound')) }, ['Current', 'Healthy', 'Degraded']],
  'no-nodes': [{ nodes: [] }, ['Current', 'Healthy', 'Degraded']],
  'no-images': [{ images: [] }, ['Current', 'Healthy', 'Degraded']],
  suspended: [{ suspend: true, say: onSecond({ state: 'Waiting' }) }, ['Current', 'Suspended', 'Suspended']],
  'suspended-warm': [{ suspend: true }, ['Current', 'Suspended', 'Healthy']],
  'sources-incomplete': [{ gaps: ['deployments: forbidden'] }, ['InProgress', 'Progressing', 'Progressing']],
  'all-held': [
    { nodes: [aNode({ name: 'n1', unschedulable: true })], say: () => ({ state: 'Missing' }) },
    ['Current', 'Healthy', 'Progressing'],
  ],
  'plan-full': [
    { nodes: [aNode({ name: 'n1' })], images: Array.from({ length: 2_001 }, (_, i) => `shop/${i}:1`) },
    ['InProgress', 'Degraded', 'Degraded'],
  ],
};

export function healthCases(kind: ResourceKind): readonly HealthCase[] {
  return Object.entries(SITUATIONS).map(([name, [situation, [kstatus, health, whenWarm]]]) => ({
    name,
    object: objectOf(kind, situation),
    kstatus,
    health,
    whenWarm,
  }));
}

function objectOf(kind: ResourceKind, situation: Situation): object {
  const { problems = [], suspend = false, images = ['shop/web:1.27'], generation = GENERATION, unseen } = situation;
  const namespace = kind === 'Prefetch' ? 'shop' : undefined;
  const ref = namespace === undefined ? { kind, name: 'web' } : { kind, namespace, name: 'web' };
  const spec =
    images.length > 0 ? { images: [...images], suspend } : { workloads: [{ kinds: ['Job'], selector: {} }], suspend };
  const resource = aResource({ ref, generation: GENERATION, ...(problems.length > 0 ? { problems } : { spec }) });
  const state = aState({ resources: [resource], nodes: situation.nodes ?? nodes, gaps: situation.gaps ?? [] });
  const collected = collectAsks(state);
  const fleet = aFleet(groupNodes(collected.asks, state.nodes), situation.say ?? (() => PRESENT));
  const [summary] = summarise(state, collected, fleet, AT);
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: { name: 'web', ...(namespace && { namespace }), generation },
    // The API server refuses what breaks the schema, but an older one of it may have let something pass.
    spec: problems.length > 0 ? { images: 'shop/web:1.27' } : shortened(spec),
    status: unseen ? unseenStatus(kind) : summary?.status,
  };
}

/** 2,000 names are too many for a file that people read. */
function shortened(spec: { readonly images?: readonly string[] }): object {
  return spec.images === undefined ? spec : { ...spec, images: spec.images.slice(0, 2) };
}

/** As the API server shows a resource to which nobody has written. */
function unseenStatus(kind: ResourceKind): unknown {
  const { spec } = renderCrd(kind) as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { status: { default: unknown } } } } }[] };
  };
  return spec.versions[0]?.schema.openAPIV3Schema.properties.status.default;
}
