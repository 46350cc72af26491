import { aNode, aResource, aState, aWorkload } from '@kube-prefetch/core/testing';
import { MAX_IMAGES_PER_NODE } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import { explainImage, explainNode } from './explain-verdicts.ts';

const WORKLOADS = [{ kinds: ['Deployment' as const], selector: {} }];
const STATE = aState({
  resources: [
    aResource({ spec: { workloads: WORKLOADS, suspend: true } }),
    aResource({
      ref: { kind: 'ClusterPrefetch', name: 'base' },
      spec: { images: ['pause:3.10', 'web:1'], priority: 1 },
    }),
  ],
  workloads: [
    ...['e', 'd', 'c', 'b'].map(name => aWorkload({ name, pod: { nodeSelector: { pool: 'web' } } })),
    aWorkload({ name: 'gpu', pod: { containers: [{ image: 'gpu' }], nodeSelector: { pool: 'gpu' } } }),
  ],
});
const ASKS = collectAsks(STATE).asks;
const WEB = aNode({ name: 'web-1', labels: { pool: 'web' } });
const GPU = aNode({ name: 'gpu-1', labels: { pool: 'gpu' }, unschedulable: true });

const BASE = 'ClusterPrefetch base (spec.images)';
const SHOP = 'Prefetch shop/web (Deployment shop/b, Deployment shop/c, Deployment shop/d, and 1 more)';
const SUSPENDED = 'suspended: starts no pull';
const ALWAYS = 'its pods pull with Always and need the registry even where the image is warm';
const HELD = 'the node is cordoned: what it has stays, nothing starts';

test('a node is explained image by image, in pull order, with everyone who asks', () => {
  expect(explainNode(ASKS, WEB)).toEqual([
    { image: 'pause:3.10', because: [`${BASE}: Yes, nothing keeps it from this node`] },
    {
      image: 'web:1',
      because: [
        `${BASE}: Yes, nothing keeps it from this node`,
        `${SHOP}: Yes, nodeSelector wants pool=web; the node has pool=web; ${SUSPENDED}`,
      ],
    },
  ]);
});

test('a held node is explained too, and that Always needs the registry', () => {
  expect(explainNode(ASKS, GPU).at(-1)).toEqual({
    image: 'gpu',
    because: [
      `Prefetch shop/web (Deployment shop/gpu): Held, ${HELD}; nodeSelector wants pool=gpu; the node has pool=gpu; ${SUSPENDED}; ${ALWAYS}`,
    ],
  });
});

test('an image is explained on every node, also where the verdict is No', () => {
  expect(explainImage(ASKS, 'web:1', [WEB, GPU])).toEqual([
    {
      node: 'web-1',
      because: [
        `${BASE}: Yes, nothing keeps it from this node`,
        `${SHOP}: Yes, nodeSelector wants pool=web; the node has pool=web; ${SUSPENDED}`,
      ],
    },
    {
      node: 'gpu-1',
      because: [
        `${BASE}: Held, ${HELD}; nothing keeps it from this node`,
        `${SHOP}: No, nodeSelector wants pool=web; the node has pool=gpu; ${SUSPENDED}`,
      ],
    },
  ]);
});

test('an image is explained with what is written in its place', () => {
  const rewrite = [{ from: 'docker.io/', to: 'r.example/hub/' }];
  const images = ['web:1', 'docker.io/library/web:1'];
  const { asks } = collectAsks(aState({ resources: [aResource({ spec: { images, rewrite } })] }));
  const written = 'rewritten from docker.io/library/web:1 by spec.rewrite[0], web:1 by spec.rewrite[0]';
  expect(explainImage(asks, 'r.example/hub/library/web:1', [WEB])[0]?.because).toEqual([
    `Prefetch shop/web (spec.images): Yes, nothing keeps it from this node; ${written}`,
  ]);
});

test('an opt-in that cannot be understood is told where it keeps a pull from starting', () => {
  const workloads = [aWorkload({ annotations: { prefetch: 'unclear', problems: [] } })];
  const spec = { workloads: [{ kinds: ['Deployment' as const], selector: {}, onlyAnnotated: true }] };
  const { asks } = collectAsks(aState({ resources: [aResource({ spec })], workloads }));
  expect(explainImage(asks, 'web:1', [WEB])[0]?.because).toEqual([
    'Prefetch shop/web (Deployment shop/web): Yes, nothing keeps it from this node; its annotation kube-prefetch.io/prefetch is neither "true" nor "false": starts no pull',
  ]);
});

test('an image that nobody asks for has no reason anywhere', () => {
  expect(explainImage(ASKS, 'other', [WEB])).toEqual([{ node: 'web-1', because: [] }]);
});

test('an image that found no room in the plan says so first', () => {
  const images = Array.from({ length: MAX_IMAGES_PER_NODE + 1 }, (_, index) => `app:${String(index).padStart(5, '0')}`);
  const explained = explainNode(collectAsks(aState({ resources: [aResource({ spec: { images } })] })).asks, WEB);
  expect(explained.at(-1)?.because[0]).toMatch(/^left out of the plan, which names at most 2000 images/);
  expect(explained.at(-2)?.because).toHaveLength(1);
});

test('a node that gets no agent is explained so', () => {
  const agents = { choice: undefined, pod: { nodeSelector: { pool: 'web' }, tolerations: [], extendedResources: {} } };
  const because = `the node gets no agent, so nothing is pulled: nodeSelector wants pool=web; the node has pool=gpu`;
  expect(explainNode(ASKS, GPU, [], agents)[0]?.because[0]).toBe(because);
  expect(explainImage(ASKS, 'gpu', [WEB, GPU], [], agents).map(node => node.because.includes(because))).toEqual([
    false,
    true,
  ]);
});
