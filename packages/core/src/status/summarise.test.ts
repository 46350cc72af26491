import { aFleet, aNode, aResource, aState, aWorkload, type CellSaid } from '@kube-prefetch/core/testing';
import { FAILURE_KINDS, MAX_IMAGES_PER_NODE, messageParser, PrefetchStatus } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import type { TenantLimits } from '../asks/tenant-limits.ts';
import type { ClusterState, KnownKind, Node, Resource } from '../state/cluster-state.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { limitBytes } from '../plans/limit-bytes.ts';
import { summarise } from './summarise.ts';

const AT = '2026-11-23T03:00:00.000Z';
const CLUSTER = { kind: 'ClusterPrefetch' as const, name: 'base' };
const PRESENT: CellSaid = { state: 'Present' };
const parseStatus = messageParser(PrefetchStatus, 'status');

/** Agents run on nodes that are not virtual. */
const AGENTS = {
  choice: undefined,
  pod: {
    nodeAffinity: {
      terms: [{ matchExpressions: [{ key: 'type', operator: 'NotIn', values: ['kwok'] }], matchFields: [] }],
    },
    tolerations: [],
    extendedResources: {},
  },
};
const VIRTUAL = { labels: { type: 'kwok' } };

type Say = (node: string, image: string) => CellSaid;

function statusesOf(state: ClusterState, say: Say = () => PRESENT): readonly PrefetchStatus[] {
  const collected = collectAsks(state);
  const fleet = aFleet(groupNodes(collected.asks, state.nodes, [], AGENTS), say);
  return summarise(state, collected, fleet, AT).map(({ status }) => parseStatus(status));
}

function statusOf(state: ClusterState, say?: Say): PrefetchStatus {
  const [status] = statusesOf(state, say);
  if (status === undefined) throw new Error('expected a resource in the state');
  return status;
}

function condition(status: PrefetchStatus, type: 'Accepted' | 'Ready' | 'Warm'): string {
  const found = status.conditions.find(each => each.type === type);
  return `${found?.status} ${found?.reason}`;
}

const nodes = (count: number, parts?: Partial<Node>) =>
  Array.from({ length: count }, (_, index) => aNode({ name: `node-${index}`, ...parts }));
const TWO_IMAGES = aResource({ generation: 3, spec: { images: ['web:1', 'web:2'] } });

const NO_IMAGES = 'no image is named, and no workload with an image was found: look at spec.workloads and spec.exclude';

test('what is not planned is said in Ready, and in Warm where nothing else is found', () => {
  const spec = { workloads: [{ kinds: ['Deployment' as const], selector: {} }] };
  const containers = [{ image: 'auto' }, { image: ' ' }, { image: 'local:1', pullPolicy: 'Never' as const }];
  const messages = (images: readonly string[], pod = containers) =>
    statusOf(
      aState({
        resources: [aResource({ spec: { ...spec, images: [...images] } })],
        nodes: nodes(2),
        workloads: [aWorkload({ pod: { containers: pod } })],
      }),
    ).conditions.map(({ message }) => message);
  const unplanned =
    'not planned: 2 placeholders that a webhook or a trigger replaces, 1 image whose imagePullPolicy is Never';
  expect(messages(['web:1'])).toEqual([
    'the spec is valid',
    `planned: 1 image on 2 nodes; ${unplanned}`,
    '2 of 2 present (1 image on 2 nodes)',
  ]);
  expect(messages([])).toEqual([
    'the spec is valid',
    `nothing is planned: ${NO_IMAGES}; ${unplanned}`,
    `${NO_IMAGES}; ${unplanned}`,
  ]);
  expect(messages(['local:1'], [{ image: 'auto' }])[1]).toBe(
    'planned: 1 image on 2 nodes; not planned: 1 placeholder that a webhook or a trigger replaces',
  );
});

test('what is amiss with a kind of workloads is told to those who name it, and to nobody else', () => {
  const rollouts = { group: 'argoproj.io', kind: 'Rollout', read: true, gaps: [], notes: [] };
  const naming = (kind: string) => aResource({ spec: { workloads: [{ kinds: [kind], selector: {} }] } });
  const ready = (kind: string, parts: Partial<KnownKind>) => {
    const state = aState({ kinds: [{ ...rollouts, ...parts }], resources: [naming(kind)], nodes: nodes(1) });
    const status = statusOf(state);
    return [condition(status, 'Ready'), status.conditions[1]?.message, collectAsks(state).gaps.length];
  };
  const planned = `nothing is planned: ${NO_IMAGES}`;
  expect(ready('Rollout', { gaps: ['cannot be read'] })).toEqual([
    'False SourcesIncomplete',
    'more images may be wanted than are known, because not everything can be read: cannot be read',
    1,
  ]);
  expect(ready('Deployment', { gaps: ['cannot be read'] })).toEqual(['True Planned', planned, 0]);
  expect(ready('Rollout', { notes: ['is not installed'] })).toEqual([
    'True Planned',
    `${planned}; is not installed`,
    0,
  ]);
});

test('what annotations exclude is counted in Ready, and what they say without sense is told there', () => {
  const spec = { workloads: [{ kinds: ['Deployment'], selector: {} }] };
  const annotations = { exclude: ['proxy'], problems: ['it makes no sense'] };
  const containers = [{ image: 'web:1' }, { name: 'proxy', image: 'proxy:1' }];
  const workloads = [aWorkload({ pod: { containers }, annotations })];
  const [, ready] = statusOf(aState({ resources: [aResource({ spec })], nodes: nodes(1), workloads })).conditions;
  expect([ready?.status, ready?.message]).toEqual([
    'True',
    'planned: 1 image on 1 node; Deployment shop/web: it makes no sense; not planned: 1 image excluded by annotation',
  ]);
});

test('what a Prefetch asks for and may not have keeps it from being Warm, by name', () => {
  const resource = aResource({ spec: { images: ['r.example/a:1', 'r.example/b:1', 'evil.example/c:1'] } });
  const state = aState({ resources: [resource], nodes: nodes(1) });
  const conditionsOf = (limits: TenantLimits, sizeBytes = 0) => {
    const collected = collectAsks(state, limits);
    const cohorts = limitBytes(groupNodes(collected.asks, state.nodes), limits, () => sizeBytes);
    const say: Say = (_node, image) => (image === 'r.example/b:1' ? { state: 'Waiting' } : PRESENT);
    const [{ status } = { status: statusOf(state) }] = summarise(state, collected, aFleet(cohorts, say), AT);
    return status.conditions.map(({ reason, message }) => `${reason}: ${message}`);
  };
  const notAllowed = 'the administrator lets no Prefetch ask for: evil.example/c:1';
  expect(conditionsOf({ images: ['r.example/*'], imagesPerNamespace: 1 })).toEqual([
    'Valid: the spec is valid',
    `Planned: planned: 1 image on 1 node; ${notAllowed}; beyond the number of images that the Prefetches of a namespace may ask for: r.example/b:1`,
    `BeyondLimits: 1 of 1 present (1 image on 1 node); ${notAllowed}; beyond the number of images that the Prefetches of a namespace may ask for: r.example/b:1`,
  ]);
  expect(conditionsOf({ bytesPerNode: 10 }, 9)[2]).toBe(
    'BeyondLimits: 2 of 3 present (3 images on 1 node), 1 waiting; beyond the bytes of a node that the images of a namespace may take: r.example/b:1',
  );
});

test('everything present is Accepted, Ready and Warm', () => {
  const status = statusOf(aState({ resources: [TWO_IMAGES], nodes: nodes(2) }));
  const common = { observedGeneration: 3, lastTransitionTime: AT, status: 'True' };
  expect(status).toEqual({
    observedGeneration: 3,
    conditions: [
      { type: 'Accepted', reason: 'Valid', message: 'the spec is valid', ...common },
      { type: 'Ready', reason: 'Planned', message: 'planned: 2 images on 2 nodes', ...common },
      { type: 'Warm', reason: 'AllPresent', message: '4 of 4 present (2 images on 2 nodes)', ...common },
    ],
    warm: '4/4',
    summary: {
      images: 2,
      nodes: 2,
      cells: 4,
      present: 4,
      pulling: 0,
      waiting: 0,
      failed: 0,
      stale: 0,
      unknown: 0,
      held: 0,
      noAgent: 0,
      notApplicable: 0,
    },
    failures: [],
    skew: [],
  });
});

interface WarmCase {
  readonly what: string;
  readonly resource?: Resource;
  readonly nodes?: readonly Node[];
  readonly gaps?: readonly string[];
  readonly say?: Say;
  readonly ready: string;
  readonly warm: string;
  readonly shown: string;
}

const only =
  (image: string, said: CellSaid): Say =>
  (_node, asked) =>
    asked === image ? said : PRESENT;
const FAILED: CellSaid = { state: 'Failed', failure: { kind: 'NotFound', message: 'not there' } };
const NO_AGENT: CellSaid = { state: 'Unknown', noAgent: true };
const GAPS = ['deployments: forbidden'];
const suspended = aResource({ spec: { ...TWO_IMAGES.spec, suspend: true } });

const WARM: readonly WarmCase[] = [
  {
    what: 'one cell is pulled',
    say: only('web:1', { state: 'Pulling' }),
    ready: 'True Planned',
    warm: 'False Pulling',
    shown: '1/2',
  },
  {
    what: 'one cell waits',
    say: only('web:1', { state: 'Waiting' }),
    ready: 'True Planned',
    warm: 'False Pulling',
    shown: '1/2',
  },
  {
    what: 'one cell is missing',
    say: only('web:1', { state: 'Missing' }),
    ready: 'True Planned',
    warm: 'False Pulling',
    shown: '1/2',
  },
  { what: 'one cell failed', say: only('web:1', FAILED), ready: 'True Planned', warm: 'False Failing', shown: '1/2' },
  {
    what: 'a Ready node has no agent',
    say: () => NO_AGENT,
    ready: 'True Planned',
    warm: 'False NoAgent',
    shown: '0/2',
  },
  {
    what: 'the runtime has not answered',
    say: () => ({ state: 'Unknown' }),
    ready: 'True Planned',
    warm: 'False AwaitingReports',
    shown: '0/2',
  },
  {
    what: 'suspended and missing',
    resource: suspended,
    say: only('web:1', { state: 'Waiting' }),
    ready: 'True Planned',
    warm: 'False Suspended',
    shown: '1/2',
  },
  {
    what: 'suspended and all there',
    resource: suspended,
    ready: 'True Planned',
    warm: 'True AllPresent',
    shown: '2/2',
  },
  { what: 'there are no nodes', nodes: [], ready: 'True Planned', warm: 'False NoNodes', shown: '0/0' },
  {
    what: 'no node matches',
    nodes: nodes(1, { taints: [{ key: 'a', value: '', effect: 'NoSchedule' }] }),
    ready: 'True Planned',
    warm: 'False NoNodes',
    shown: '0/0',
  },
  {
    what: 'no image is asked for',
    resource: aResource({ spec: { workloads: [{ kinds: ['Job'], selector: {} }] } }),
    ready: 'True Planned',
    warm: 'False NoImages',
    shown: '0/0',
  },
  {
    what: 'every node is held',
    nodes: nodes(1, { unschedulable: true }),
    say: () => FAILED,
    ready: 'True Planned',
    warm: 'Unknown NothingCounts',
    shown: '0/0',
  },
  {
    what: 'no node is Ready',
    nodes: nodes(1, { ready: false }),
    say: () => NO_AGENT,
    ready: 'True Planned',
    warm: 'Unknown NothingCounts',
    shown: '0/0',
  },
  {
    what: 'no node is Ready and all is there',
    nodes: nodes(2, { ready: false }),
    ready: 'True Planned',
    warm: 'True AllPresent',
    shown: '0/0',
  },
  {
    what: 'every node is held or not Ready and all is there',
    nodes: [aNode({ unschedulable: true }), aNode({ name: 'down', ready: false })],
    ready: 'True Planned',
    warm: 'True AllPresent',
    shown: '0/0',
  },
  {
    what: 'no node is Ready and one image is missing',
    nodes: nodes(1, { ready: false }),
    say: only('web:1', { state: 'Missing' }),
    ready: 'True Planned',
    warm: 'Unknown NothingCounts',
    shown: '0/0',
  },
  {
    what: 'sources have gaps and all is there',
    gaps: GAPS,
    ready: 'False SourcesIncomplete',
    warm: 'Unknown SourcesIncomplete',
    shown: '2/2',
  },
  {
    what: 'sources have gaps and something is missing',
    gaps: GAPS,
    say: only('web:1', { state: 'Missing' }),
    ready: 'False SourcesIncomplete',
    warm: 'False Pulling',
    shown: '1/2',
  },
  {
    what: 'sources have gaps and nothing matched',
    gaps: GAPS,
    nodes: [],
    ready: 'False SourcesIncomplete',
    warm: 'Unknown SourcesIncomplete',
    shown: '0/0',
  },
  {
    what: 'the spec breaks the schema',
    resource: aResource({ problems: ['spec.images: expected a list'] }),
    ready: 'False NotAccepted',
    warm: 'False NotAccepted',
    shown: '0/0',
  },
  {
    what: 'a selector is bad',
    resource: aResource({
      spec: {
        images: ['web:1'],
        workloads: [{ kinds: ['Job'], selector: { matchExpressions: [{ key: 'a', operator: 'Has' }] } }],
      },
    }),
    gaps: GAPS,
    ready: 'False NotAccepted',
    warm: 'False NotAccepted',
    shown: '0/0',
  },
];

test.each(WARM)(
  '$what: Ready $ready, Warm $warm',
  ({ resource = TWO_IMAGES, nodes: given = nodes(1), gaps = [], say, ready, warm, shown }) => {
    const status = statusOf(aState({ resources: [resource], nodes: given, gaps }), say);
    expect(condition(status, 'Ready')).toBe(ready);
    expect(condition(status, 'Warm')).toBe(warm);
    expect(status.warm).toBe(shown);
  },
);

const LONG = `long/${'a'.repeat(300)}:1`;

/** What people read first: how many of how many, an example, and where to look. */
test.each<[what: string, images: readonly string[], say: Say, message: string]>([
  [
    'images are pulled, wait or are stale',
    ['a:1', 'b:1', 'c:1', 'd:1', 'e:1'],
    (_node, image) =>
      ({ state: { 'a:1': 'Present', 'b:1': 'Pulling', 'c:1': 'Stale' }[image] ?? 'Waiting' }) as CellSaid,
    '5 of 25 present (5 images on 5 nodes), 5 being pulled, 10 waiting, 5 stale (their tag stands for other contents now); not everywhere yet: b:1, c:1, d:1 and 1 more image; to see why: kubectl prefetch explain pf/web -n shop',
  ],
  [
    'agents have not reported',
    ['a:1'],
    () => ({ state: 'Unknown' }),
    '0 of 5 present (1 image on 5 nodes), 5 not reported yet; not everywhere yet: a:1; to see why: kubectl prefetch explain pf/web -n shop',
  ],
  [
    'nodes have no agent',
    ['a:1', 'b:1'],
    node => (node === 'node-0' ? PRESENT : NO_AGENT),
    '2 of 10 present (2 images on 5 nodes), 8 on nodes without an agent that reports; these nodes: node-1, node-2, node-3 and 1 more node; to see why: kubectl prefetch doctor',
  ],
  [
    'images fail',
    ['a:1', 'b:1'],
    (node, image) => (image === 'b:1' || node === 'node-0' ? FAILED : PRESENT),
    '4 of 10 present (2 images on 5 nodes), 6 failed; b:1: NotFound on 5 nodes (node-0, node-1, node-2, …): the registry has no such repository, tag or digest; and 1 more failure in status.failures; to see why: kubectl prefetch explain pf/web -n shop',
  ],
  [
    'a name is long',
    [LONG],
    () => ({ state: 'Missing' }),
    `0 of 5 present (1 image on 5 nodes), 5 waiting; not everywhere yet: ${LONG.slice(0, 120)}…; to see why: kubectl prefetch explain pf/web -n shop`,
  ],
])('Warm says how much is missing, an example and where to look, when %s', (_what, images, say, message) => {
  const state = aState({ resources: [aResource({ spec: { images: [...images] } })], nodes: nodes(5) });
  expect(statusOf(state, say).conditions[2]?.message).toBe(message);
});

test('what is wrong with a spec is told, at most five problems of it', () => {
  const problems = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const [accepted] = statusOf(aState({ resources: [aResource({ problems })] })).conditions;
  expect(accepted).toMatchObject({
    type: 'Accepted',
    status: 'False',
    reason: 'Invalid',
    message: 'a; b; c; d; e; and 2 more',
  });
});

test('cells of held and not Ready nodes are told apart and do not count', () => {
  const given = [
    aNode(),
    aNode({ name: 'held', unschedulable: true }),
    aNode({ name: 'down', ready: false }),
    aNode({ name: 'both', ready: false, deleting: true }),
  ];
  const status = statusOf(aState({ resources: [TWO_IMAGES], nodes: given }), node =>
    node === 'node-1' ? PRESENT : FAILED,
  );
  expect(status.summary).toMatchObject({ nodes: 4, cells: 2, present: 2, failed: 0, held: 4 });
  expect(status.conditions[2]).toMatchObject({
    status: 'True',
    message:
      '2 of 2 present (2 images on 4 nodes), 4 not counted on nodes where no pod may start now, 2 not counted on nodes that are not Ready',
  });
  expect(status.failures).toEqual([]);
});

test('where no cell counts, the message says what is there all the same', () => {
  const status = statusOf(aState({ resources: [TWO_IMAGES], nodes: nodes(2, { ready: false }) }), node =>
    node === 'node-0' ? PRESENT : NO_AGENT,
  );
  expect(status.conditions[2]).toMatchObject({
    reason: 'NothingCounts',
    message:
      '2 of 4 present (2 images on 2 nodes), 4 not counted on nodes that are not Ready; no node that should hold them is Ready and takes pods now; to see why: kubectl prefetch explain pf/web -n shop',
  });
});

test('each state has its count, and together they are the cells that count', () => {
  const states = ['Present', 'Pulling', 'Waiting', 'Missing', 'Failed', 'Unknown', 'Stale'] as const;
  const say: Say = node => (node === 'node-7' ? NO_AGENT : { state: states[Number(node.slice(5))] ?? 'Present' });
  const { summary } = statusOf(
    aState({ resources: [aResource({ spec: { images: ['web:1'] } })], nodes: nodes(8) }),
    say,
  );
  expect(summary).toEqual({
    images: 1,
    nodes: 8,
    cells: 8,
    present: 1,
    pulling: 1,
    waiting: 2,
    failed: 1,
    stale: 1,
    unknown: 1,
    held: 0,
    noAgent: 1,
    notApplicable: 0,
  });
});

test('an image that several workloads of one resource want is one image and one cell per node', () => {
  const resource = aResource({ spec: { images: ['web:1'], workloads: [{ kinds: ['Deployment'], selector: {} }] } });
  const workloads = [aWorkload(), aWorkload({ name: 'api', pod: { tolerations: [{ operator: 'Exists' }] } })];
  expect(statusOf(aState({ resources: [resource], workloads, nodes: nodes(3) })).summary).toMatchObject({
    images: 1,
    nodes: 3,
    cells: 3,
  });
});

test('resources are told apart, in the order of the state', () => {
  const resources = [
    aResource({ spec: { images: ['web:1'] } }),
    aResource({ ref: CLUSTER, spec: { images: ['web:1', 'web:2'] } }),
  ];
  const statuses = statusesOf(aState({ resources, nodes: nodes(1) }), only('web:2', FAILED));
  expect(statuses.map(status => [status.warm, condition(status, 'Warm')])).toEqual([
    ['1/1', 'True AllPresent'],
    ['1/2', 'False Failing'],
  ]);
});

test('Warm says of how many images the pods need the registry all the same', () => {
  const resource = aResource({ spec: { workloads: [{ kinds: ['Deployment'], selector: {} }] } });
  const workloads = [aWorkload({ pod: { containers: [{ image: 'web' }, { image: 'web:1' }] } })];
  expect(statusOf(aState({ resources: [resource], workloads, nodes: nodes(1) })).conditions[2]?.message).toBe(
    '2 of 2 present (2 images on 1 node); pods of 1 image pull with Always: they need the registry even where it is warm',
  );
});

test('images that no plan had room for count, and are said', () => {
  const images = Array.from({ length: MAX_IMAGES_PER_NODE }, (_, index) => `app:${String(index).padStart(5, '0')}`);
  const resources = [
    aResource({ spec: { images } }),
    aResource({ ref: CLUSTER, spec: { images: ['z:1'], priority: 1 } }),
  ];
  const [crowded, first] = statusesOf(aState({ resources, nodes: nodes(2) }));
  expect(crowded?.warm).toBe('3998/4000');
  expect(crowded?.summary.unknown).toBe(2);
  expect(crowded && condition(crowded, 'Warm')).toBe('False PlanFull');
  expect(crowded?.conditions[1]).toMatchObject({
    reason: 'PlanFull',
    message:
      'more than 2000 images are asked for on node-0 and node-1; the last by priority and name are left out there: ask for fewer, or raise the priority of those that matter',
  });
  expect(first && condition(first, 'Warm')).toBe('True AllPresent');
});

test('failures are merged per image and kind, and the ten on the most nodes are shown', () => {
  const images = Array.from({ length: 12 }, (_, index) => `app:${String(index).padStart(2, '0')}`);
  const say: Say = (node, image) => {
    const number = Number(node.slice(5));
    if (number > Number(image.slice(4))) return PRESENT;
    const kind = image === 'app:11' && number === 0 ? 'DiskFull' : 'NotFound';
    return {
      state: 'Failed',
      since: `2026-11-23T0${number % 10}:00:00Z`,
      failure: { kind, message: number < 2 ? 'rare' : 'usual' },
    };
  };
  const given = [
    ...nodes(10),
    aNode({ name: 'node-10', runtimeVersion: 'docker://20.10.24' }),
    aNode({ name: 'node-11' }),
  ];
  const resources = [aResource({ ref: CLUSTER, spec: { images } })];
  const { failures } = statusOf(aState({ resources, nodes: given }), say);
  expect(failures.map(({ image, reason, nodes: on }) => `${image} ${reason} ${on}`)).toEqual([
    'app:10 NotFound 11',
    'app:11 NotFound 11',
    'app:09 NotFound 10',
    'app:08 NotFound 9',
    'app:07 NotFound 8',
    'app:06 NotFound 7',
    'app:05 NotFound 6',
    'app:04 NotFound 5',
    'app:03 NotFound 4',
    'app:02 NotFound 3',
  ]);
  expect(failures[0]).toEqual({
    image: 'app:10',
    reason: 'NotFound',
    message: 'usual',
    nodes: 11,
    examples: ['node-0', 'node-1', 'node-10'],
    since: '2026-11-23T00:00:00Z',
  });
});

test('a Prefetch is told what the kind of a failure means, and nothing of what a host answered', () => {
  for (const kind of FAILURE_KINDS) {
    const say: Say = () => ({
      state: 'Failed',
      since: AT,
      failure: { kind, message: 'SECRET answer of 169.254.169.254' },
    });
    const ref = { kind: 'Prefetch', namespace: 'team', name: 'mine' } as const;
    const resource = aResource({ ref, spec: { images: ['169.254.169.254/app:1'] } });
    const [failure] = statusOf(aState({ resources: [resource], nodes: nodes(1) }), say).failures;
    expect(failure).toMatchObject({ reason: kind, nodes: 1 });
    expect(failure?.message).not.toMatch(/SECRET|169/);
  }
});

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test('different contents under one tag are shown, those on the fewest nodes last', () => {
  const resource = aResource({ spec: { images: ['web', 'web:1', `web@${digest('a')}`] } });
  const say: Say = (node, image) => ({
    state: 'Present',
    digests: [
      image === 'web:1' || node !== 'node-2' ? `docker.io/library/web@${digest('a')}` : `web@${digest('b')}`,
      `mirror.example/web@${digest(node === 'node-1' ? 'c' : 'd')}`,
    ],
  });
  const status = statusOf(aState({ resources: [resource], nodes: nodes(3) }), say);
  expect(status.skew).toEqual([
    {
      image: 'web',
      digests: [
        { digest: digest('a'), nodes: 2 },
        { digest: digest('b'), nodes: 1 },
      ],
    },
  ]);
  expect(condition(status, 'Warm')).toBe('True AllPresent');
});

test.each<[string, Record<string, string>, Record<string, number>]>([
  ['every node has the same two digests', { 'node-0': 'ab', 'node-1': 'ab', 'node-2': 'ba' }, {}],
  ['one node names a second digest of the same contents', { 'node-0': 'a', 'node-1': 'ab', 'node-2': 'b' }, {}],
  ['one node has something else', { 'node-0': 'ab', 'node-1': 'a', 'node-2': 'c' }, { a: 2, c: 1 }],
  [
    'a node names those of all others, who differ',
    { 'node-0': 'ab', 'node-1': 'a', 'node-2': 'a', 'node-3': 'b', 'node-4': 'b' },
    { a: 3, b: 2 },
  ],
  ['a node names no digest', { 'node-0': 'a', 'node-1': '', 'node-2': 'a' }, {}],
])('digests of one node stand for the same contents: %s', (_case, digests, expected) => {
  const say: Say = node => ({
    state: 'Present',
    digests: Array.from(digests[node] ?? '', letter => `docker.io/library/web@${digest(letter)}`),
  });
  const { skew } = statusOf(aState({ resources: [aResource({ spec: { images: ['web'] } })], nodes: nodes(5) }), say);
  const shown = skew.flatMap(image => image.digests.map(({ digest: text, nodes }) => [text.at(-1), nodes]));
  expect(Object.fromEntries(shown)).toEqual(expected);
});

test('at most ten skewed images are shown, those with the most nodes off the majority first', () => {
  const images = Array.from({ length: 12 }, (_, index) => `app:${String(index).padStart(2, '0')}`);
  const say: Say = (node, image) => ({
    state: 'Present',
    digests: [`docker.io/library/app@${digest(Number(node.slice(5)) < Number(image.slice(4)) - 6 ? 'b' : 'a')}`],
  });
  const { skew } = statusOf(aState({ resources: [aResource({ spec: { images } })], nodes: nodes(12) }), say);
  expect(skew.map(({ image }) => image)).toEqual(['app:11', 'app:10', 'app:09', 'app:08', 'app:07']);
});

test('nodes that get no agent are counted apart, and hold back nothing', () => {
  const state = aState({
    resources: [TWO_IMAGES],
    nodes: [aNode({ name: 'real' }), ...['v1', 'v2'].map(name => aNode({ name, ready: false, ...VIRTUAL }))],
  });
  const status = statusOf(state, node => (node === 'real' ? PRESENT : NO_AGENT));
  expect([condition(status, 'Ready'), condition(status, 'Warm')]).toEqual(['True Planned', 'True AllPresent']);
  expect(status.summary).toMatchObject({ nodes: 1, cells: 2, present: 2, noAgent: 0, notApplicable: 4 });
  expect(status.conditions.map(({ message }) => message).slice(1)).toEqual([
    'planned: 2 images on 1 node',
    '2 of 2 present (2 images on 1 node), 4 not counted on nodes that get no agent',
  ]);
});

test('where no node gets an agent, nothing is warm', () => {
  const status = statusOf(aState({ resources: [TWO_IMAGES], nodes: [aNode(VIRTUAL)] }), () => NO_AGENT);
  expect(status.conditions[2]).toMatchObject({
    reason: 'NoNodes',
    message:
      '2 images are wanted, but no node that gets an agent matches; to see why: kubectl prefetch explain pf/web -n shop',
  });
});
