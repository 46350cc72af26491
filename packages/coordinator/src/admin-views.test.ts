import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import {
  ImageView,
  messageParser,
  NodeView,
  Overview,
  Preview,
  resourceName,
  type ResourcesQuery,
  ResourcesView,
} from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { aCell, aReport, never, startVirtualLine } from '../testing/index.ts';

async function startViews() {
  const line = startVirtualLine();
  await line.show(
    aState({
      resources: [
        aResource({
          spec: {
            images: ['a:1', 'b:1'],
            nodes: { selector: { matchLabels: { pool: 'web' } }, placement: 'Eligible' },
          },
        }),
      ],
      nodes: [
        aNode({ name: 'n1', labels: { pool: 'web' } }),
        aNode({ name: 'n2', labels: { pool: 'web' }, unschedulable: true }),
        aNode({ name: 'n3' }),
      ],
    }),
  );
  const runtime = { name: 'containerd', version: '1.6.20' };
  await line.coordinator.forNode('n1').report(aReport({ runtime, cells: [aCell()], planRevision: 'r' }), never());
  await line.clock.advance(2_000);
  return line;
}

test('the overview counts what each node holds of its plan', async () => {
  const { coordinator } = await startViews();
  const { nodes, ...rest } = messageParser(Overview, 'overview')(coordinator.overview());
  expect(rest).toMatchObject({ epoch: 1, gaps: [], resources: [{ resource: { name: 'web' } }] });
  expect(nodes).toMatchObject([
    { name: 'n1', agent: 'Reporting', reportAgeMs: 2_000, reportedRevision: 'r', cells: { Present: 1, Unknown: 1 } },
    { name: 'n2', agent: 'None', held: expect.stringContaining('cordon'), cells: { Present: 0, Unknown: 2 } },
    { name: 'n3', agent: 'None', cells: { Unknown: 0 } },
  ]);
});

test('resources are shown by namespace and name, as the overview shows them, and without nodes', async () => {
  const { coordinator, clock, show } = await startViews();
  const ref = (namespace: string, name: string) => ({ kind: 'Prefetch', namespace, name }) as const;
  const resources = [
    ref('shop', 'web'),
    ref('shop', 'api'),
    ref('other', 'web'),
    { kind: 'ClusterPrefetch', name: 'web' } as const,
  ];
  await show(
    aState({
      resources: resources.map(each => aResource({ ref: each, spec: { images: [`${each.name}:1`] } })),
      nodes: [aNode({ name: 'n1' })],
    }),
  );
  const pull = { elapsedMs: 2_000, doneBytes: 400, totalBytes: 1_000 };
  await coordinator
    .forNode('n1')
    .report(aReport({ sequence: 2, cells: [aCell({ image: 'web:1', state: 'Pulling', pull })] }), never());
  await clock.advance(1_000);
  const namesOf = (query: ResourcesQuery) =>
    messageParser(
      ResourcesView,
      'view',
    )(coordinator.resources(query)).resources.map(({ resource }) => resourceName(resource));
  const all = ['ClusterPrefetch web', 'Prefetch other/web', 'Prefetch shop/api', 'Prefetch shop/web'];
  expect(namesOf({}).sort()).toEqual(all);
  expect(namesOf({ namespace: 'shop' }).sort()).toEqual([
    'ClusterPrefetch web',
    'Prefetch shop/api',
    'Prefetch shop/web',
  ]);
  expect(namesOf({ namespace: 'shop', name: ['web', 'gone'] }).sort()).toEqual([
    'ClusterPrefetch web',
    'Prefetch shop/web',
  ]);
  expect(namesOf({ name: ['gone'] })).toEqual([]);
  const { resources: shown } = coordinator.overview();
  for (const { resource, ...rest } of shown)
    expect(coordinator.resources({ name: [resource.name] }).resources).toContainEqual({ resource, ...rest });
  expect(shown.filter(({ progress }) => progress?.bytesPerSecond === 200)).toHaveLength(3);
});

test('what a silent node said is not shown as if it were so', async () => {
  const { coordinator, clock } = await startViews();
  await clock.advance(60_000);
  const view = coordinator.node('n1');
  expect([view.agent, view.cells.Present, view.images[0]?.cell]).toEqual(['Silent', 0, undefined]);
});

test('a node is shown with each image of its plan, its cell, and who asks for it', async () => {
  const { coordinator } = await startViews();
  const view = messageParser(NodeView, 'node')(coordinator.node('n1'));
  expect(view.images).toMatchObject([
    { image: 'a:1', cell: { state: 'Present' }, because: [expect.stringContaining('shop/web')] },
    { image: 'b:1', because: [expect.stringContaining('shop/web')] },
  ]);
});

test('an image is shown on every node, with a reason also where it is not wanted', async () => {
  const { coordinator } = await startViews();
  const view = messageParser(ImageView, 'image')(coordinator.image('a:1'));
  expect(view.nodes).toMatchObject([
    { node: 'n1', cell: { state: 'Present' }, because: [expect.stringContaining('Yes')] },
    { node: 'n2', because: [expect.stringContaining('Held')] },
    { node: 'n3', because: [expect.stringContaining('No')] },
  ]);
});

test('what is planned in spite of a startup taint is explained so', async () => {
  const line = startVirtualLine({ startupTaints: ['vendor.example/*'] });
  const resources = [aResource({ spec: { images: ['a:1'] } })];
  const taints = [{ key: 'vendor.example/booting', value: '', effect: 'NoExecute' }];
  await line.show(aState({ resources, nodes: [aNode({ name: 'n1', taints })] }));
  expect(line.coordinator.node('n1').images).toMatchObject([{ because: [expect.stringContaining('Yes')] }]);
  expect(line.coordinator.image('a:1').nodes).toMatchObject([{ because: [expect.stringContaining('Yes')] }]);
});

test('a node that gets no agent is shown so, and does not keep Warm False', async () => {
  const agents = { choice: undefined, pod: { nodeSelector: { os: 'linux' }, tolerations: [], extendedResources: {} } };
  const line = startVirtualLine({ agents });
  const resources = [aResource({ spec: { images: ['a:1'] } })];
  const nodes = [aNode({ name: 'n1', labels: { os: 'linux' } }), aNode({ name: 'n2' })];
  await line.show(aState({ resources, nodes }));
  await line.coordinator.forNode('n1').report(aReport({ cells: [aCell()] }), never());
  await line.clock.advance(1_000);
  const { nodes: shown, resources: statuses } = line.coordinator.overview();
  expect(shown.map(({ agent }) => agent)).toEqual(['Reporting', 'NotApplicable']);
  expect(statuses[0]?.status).toMatchObject({ warm: '1/1', summary: { noAgent: 0, notApplicable: 1 } });
  expect(line.coordinator.image('a:1').nodes[1]?.because[0]).toContain('gets no agent');
  const { text } = await line.coordinator.exposeMetrics();
  expect(text).toContain('kube_prefetch_coordinator_nodes{agent="not_applicable"} 1');
});

test('a rewritten image is shown under what is pulled, and whoever asks for what is written is told that', async () => {
  const line = startVirtualLine({ rewrite: [{ from: 'docker.io/', to: 'r.example/hub/' }] });
  const resources = [aResource({ spec: { images: ['web:1'] } })];
  await line.show(aState({ resources, nodes: [aNode({ name: 'n1' })] }));
  const because = [expect.stringContaining("rewritten from web:1 by the coordinator's rewrite[0]")];
  const image = 'r.example/hub/library/web:1';
  expect(line.coordinator.node('n1').images).toMatchObject([{ image, because }]);
  expect(line.coordinator.image(image).nodes).toMatchObject([{ node: 'n1', because }]);
  expect(() => line.coordinator.image('web:1')).toThrow(expect.objectContaining({ details: [image] }));
});

test.each([
  ['a node that is not there', 'UnknownNode', 'n9'],
  ['an image that nothing asks for', 'UnknownImage', 'a'],
])('%s is %s, and the message names it', async (_case, code, name) => {
  const { coordinator } = await startViews();
  const ask = () => (code === 'UnknownNode' ? coordinator.node(name) : coordinator.image(name));
  expect(ask).toThrow(expect.objectContaining({ code, message: expect.stringContaining(`"${name}"`) }));
});

test('before the first read there is nothing to show', () => {
  expect(() => startVirtualLine().coordinator.overview()).toThrow('not read the cluster yet');
});

test('a preview tells what a resource would pull where, and leaves everything as it was', async () => {
  const { coordinator } = await startViews();
  const resource = {
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { namespace: 'shop', name: 'new' },
    spec: { images: ['a:1', 'c:1'], nodes: { selector: { matchLabels: { pool: 'web' } } } },
  };
  const preview = messageParser(Preview, 'preview')(coordinator.preview(resource));
  expect(preview).toMatchObject({ resource: { name: 'new' }, replaces: false, problems: [] });
  expect(preview.images).toMatchObject([
    { image: 'a:1', present: 1, pull: 0 },
    { image: 'c:1', present: 0, pull: 1, examples: ['n1'] },
  ]);
  expect(preview.placements).toMatchObject([
    {
      nodes: 1,
      held: [{ sentence: expect.stringContaining('cordon'), nodes: 1, examples: ['n2'] }],
      refused: [{ sentence: expect.stringContaining('pool'), nodes: 1, examples: ['n3'] }],
    },
  ]);
  expect(coordinator.overview().resources).toHaveLength(1);
});

test('a preview of a resource that is there is about its taking the place of that one; problems are those of its status', async () => {
  const { coordinator } = await startViews();
  const written = (spec: object) => ({
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { namespace: 'shop', name: 'web' },
    spec,
  });
  expect(coordinator.preview(written({ images: ['z:1'] }))).toMatchObject({
    replaces: true,
    images: [{ image: 'z:1' }],
  });
  expect(coordinator.preview(written({ imagges: ['z:1'] }))).toMatchObject({
    problems: [expect.stringContaining('imagges')],
    images: [],
  });
  expect(coordinator.preview('no mapping').problems.length).toBeGreaterThan(0);
});

test('the overview tells how many bytes are missing, and how fast they come', async () => {
  const { coordinator, clock } = await startViews();
  const pull = { elapsedMs: 2_000, doneBytes: 400, totalBytes: 1_000 };
  const cells = [aCell(), aCell({ image: 'b:1', state: 'Pulling', pull })];
  await coordinator.forNode('n1').report(aReport({ sequence: 2, cells, planRevision: 'r' }), never());
  await clock.advance(1_000);
  expect(coordinator.overview().resources[0]?.progress).toEqual({
    missingBytes: 1_000,
    unsized: 0,
    doneBytes: 400,
    bytesPerSecond: 200,
  });
});
