import type { CellReport, ImageView, NodeView, Preview } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { describeNode, explainResource, groupNodes } from './explanations.ts';
import { previewText } from './preview-text.ts';
import { type ResourceEntry, statusTable, summaryLine, whyNotWarm } from './status-table.ts';
import { plain } from './terminal.ts';

const at = '2026-11-28T02:00:00.000Z';
const image = 'r.example/shop/web:1';

function entry(name: string, counts: Partial<ResourceEntry['status']['summary']>, more: Partial<ResourceEntry> = {}) {
  const summary = {
    images: 1,
    nodes: 4,
    cells: 4,
    present: 4,
    pulling: 0,
    waiting: 0,
    failed: 0,
    unknown: 0,
    stale: 0,
    held: 0,
    noAgent: 0,
    notApplicable: 0,
    ...counts,
  };
  const warm = summary.present === summary.cells;
  const condition = { observedGeneration: 1, lastTransitionTime: at };
  const reason = summary.failed > 0 ? 'Failing' : 'Pulling';
  return {
    resource: { kind: 'Prefetch', namespace: 'shop', name },
    status: {
      observedGeneration: 1,
      conditions: [
        { ...condition, type: 'Accepted', status: 'True', reason: 'Valid', message: 'the spec is valid' },
        { ...condition, type: 'Ready', status: 'True', reason: 'Planned', message: 'planned: 1 image on 4 nodes' },
        warm
          ? { ...condition, type: 'Warm', status: 'True', reason: 'AllPresent', message: '4 of 4 present' }
          : {
              ...condition,
              type: 'Warm',
              status: 'False',
              reason,
              message: `${summary.present} of 4 present, 2 pulling; to see why: kubectl prefetch explain pf/${name} -n shop`,
            },
      ],
      warm: `${summary.present}/${summary.cells}`,
      summary,
      failures: [],
      skew: [],
    },
    ...more,
  } as ResourceEntry;
}

const pulling = entry(
  'api',
  { present: 2, pulling: 2 },
  {
    progress: { missingBytes: 2_400_000_000, unsized: 1, doneBytes: 400_000_000, bytesPerSecond: 50_000_000 },
  },
);
const failing = entry('web', { present: 3, failed: 1 });
failing.status.failures.push({
  image,
  reason: 'NotFound',
  message: 'the registry has no such tag',
  nodes: 1,
  examples: ['n4'],
  since: at,
});
const look = { paint: plain, bars: false, namespaces: false, wide: false, headers: true };

test('the table of a status', () => {
  expect(statusTable([entry('base', {}), pulling, failing], look)).toBe(`\
NAME            IMAGES   NODES   WARM   MISSING   RATE      LEFT   STATE
prefetch/base   1        4       4/4    -         -         -      Warm
prefetch/api    1        4       2/4    >2.0 GB   50 MB/s   >40s   Pulling
prefetch/web    1        4       3/4    -         -         -      Failing
`);
  expect(statusTable([pulling], { ...look, bars: true, namespaces: true, headers: false })).toBe(
    'shop   prefetch/api   1   4   ██████░░░░░░  50% 2/4   >2.0 GB   50 MB/s   >40s   Pulling\n',
  );
});

test('below it stands what is missing, and why', () => {
  expect(summaryLine([pulling, failing], plain) + whyNotWarm([pulling, failing], plain)).toBe(`\
0 of 2 resources are warm: 5 of 8 images are where they are wanted, 1 failed.
prefetch/api in shop: 2 of 4 present, 2 pulling; to see why: kubectl prefetch explain pf/api -n shop
prefetch/web in shop: ${image} failed on n4: NotFound since ${at}
  the registry has no such tag
  What to do: correct the reference, or push the image.
`);
  expect(summaryLine([entry('base', {})], plain)).toBe('It is warm: all 4 images are where they are wanted.\n');
});

const cell = (more: Partial<CellReport>): CellReport => ({ image, state: 'Present', since: at, ...more });
const yes = 'Prefetch shop/web (Deployment shop/web): Yes, nothing keeps it from this node';
const no = 'Prefetch shop/web (Deployment shop/web): No, taint dedicated=gpu:NoSchedule is not tolerated';
const broken = cell({
  state: 'Failed',
  failure: { kind: 'NotFound', message: 'manifest unknown' },
  failingSince: at,
  attempts: 4,
  nextTry: '2026-11-28T02:30:00.000Z',
});

test('an image is explained by groups of nodes, the broken ones first', () => {
  const view: ImageView = {
    image,
    tag: `n1 looked the tag up at ${at}: it stands for sha256:1`,
    nodes: [
      ...['n1', 'n2', 'n3', 'n5'].map(node => ({ node, cell: cell({ sizeBytes: 3_000_000 }), because: [yes] })),
      { node: 'n4', cell: broken, because: [yes] },
      { node: 'gpu1', because: [no] },
    ],
  };
  expect(groupNodes(view, plain)).toBe(`\
4 of 5 nodes that should have ${image} have it.
  Tag: n1 looked the tag up at ${at}: it stands for sha256:1

Failed  on n4
  NotFound since ${at}: manifest unknown
  What to do: correct the reference, or push the image. Tried 4 times, again at 2026-11-28T02:30:00.000Z.
  ${yes}

Present  on 4 nodes: n1, n2, n3 and 1 more
  3.0 MB
  ${yes}

Not wanted  on gpu1
  ${no}
`);
  expect(groupNodes({ image, nodes: view.nodes.slice(-1) }, plain)).toBe(
    `No node should have ${image}.\n\nNot wanted  on gpu1\n  ${no}\n`,
  );
});

test('a node is explained with its agent, its runtime and each image', () => {
  const pull = { elapsedMs: 20_000, doneBytes: 500_000_000, totalBytes: 2_000_000_000, phase: 'Downloading' as const };
  const view = {
    name: 'n1',
    agent: 'Reporting',
    reportAgeMs: 1_200,
    runtime: { name: 'containerd', version: '2.4.0' },
    planRevision: 'r',
    cells: { Unknown: 0, Missing: 0, Waiting: 1, Pulling: 1, Present: 0, Failed: 0 },
    images: [
      { image: 'b:1', cell: cell({ image: 'b:1', state: 'Pulling', pull }), because: [yes] },
      { image: 'a:1', cell: cell({ image: 'a:1', state: 'Waiting', waitingFor: 'Disk' }), because: [yes] },
    ],
  } as unknown as NodeView;
  expect(describeNode(view, plain)).toBe(`\
Node n1: 2 images wanted: 1 Waiting, 1 Pulling
  Agent: reports, last report 1s ago
  Runtime: containerd 2.4.0

Waiting  a:1
  waits: it would fill the disk
  ${yes}

Pulling  b:1
  downloading for 20s, 500 MB of 2.0 GB (25%), 25 MB/s, 1m left
  ${yes}
`);
});

test('a resource is explained by its conditions and failures', () => {
  expect(explainResource(failing, plain)).toBe(`\
prefetch/web in shop wants 1 image on 4 nodes; 3 of 4 are there.
  Accepted: True, Valid: the spec is valid
  Ready: True, Planned: planned: 1 image on 4 nodes
  Warm: False, Failing: 3 of 4 present, 2 pulling

prefetch/web in shop: ${image} failed on n4: NotFound since ${at}
  the registry has no such tag
  What to do: correct the reference, or push the image.

On one node: --node NAME. One of its images everywhere: kubectl prefetch explain IMAGE
`);
});

test('a preview tells pulls, sizes, and which nodes say no', () => {
  const preview: Preview = {
    resource: { kind: 'ClusterPrefetch', name: 'base' },
    replaces: false,
    problems: [],
    gaps: [],
    notes: [],
    images: [
      { image, sizeBytes: 1_200_000_000, present: 1, pull: 2, examples: ['n2', 'n3'], beyondBytes: 0 },
      { image: 'new:1', present: 0, pull: 3, examples: ['n1', 'n2', 'n3'], beyondBytes: 0 },
    ],
    placements: [
      {
        sources: ['spec.images'],
        images: 2,
        nodes: 3,
        withoutAgent: [],
        held: [{ sentence: 'the node is cordoned', nodes: 1, examples: ['n7'] }],
        refused: [{ sentence: 'taint gpu', nodes: 5, examples: ['g1', 'g2', 'g3'] }],
      },
    ],
  };
  expect(previewText(preview, plain)).toBe(`\
ClusterPrefetch base (new) wants 2 images: 5 pulls, 2.4 GB in all, without 1 image whose size no node has told yet; 1 more is there already.

IMAGE                  SIZE     PULL ON   PRESENT ON   SUCH AS
${image}   1.2 GB   2 nodes   1 node       n2, n3
new:1                  ?        3 nodes   0 nodes      n1, n2, n3

spec.images: 2 images on 3 nodes
  Not on 5 nodes (g1, g2, g3, …): taint gpu
  Later on n7: the node is cordoned
`);
  expect(previewText({ ...preview, problems: ['spec.images: expected a list'] }, plain)).toBe(
    'ClusterPrefetch base (new) would not be accepted:\n  spec.images: expected a list\n',
  );
});
