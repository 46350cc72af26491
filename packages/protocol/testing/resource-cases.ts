import { API_VERSION } from '../src/resources/prefetch.ts';

/** A document and the verdict on it. The same table goes to our validator and to an API server that holds the CRD. */
export interface ResourceCase {
  readonly name: string;
  readonly document: unknown;
  /** Text that the problems contain, one for each; none: it is accepted. */
  readonly problems: readonly string[];
}

const metadata = { name: 'case', namespace: 'shop' };
const prefetch = (spec: unknown): unknown => ({ apiVersion: API_VERSION, kind: 'Prefetch', metadata, spec });
const cluster = (spec: unknown): unknown => ({
  apiVersion: API_VERSION,
  kind: 'ClusterPrefetch',
  metadata: { name: 'case' },
  spec,
});
const images = ['nginx:1.27'];
const all = { selector: {} };
const same = { key: 'app', operator: 'Exists' };
const choosing = (nodes: unknown): unknown => cluster({ images, nodes });
/** As large as an entry may be. */
const full = {
  selector: {
    matchLabels: Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`label-${index}`, 'x'.repeat(63)])),
    matchExpressions: Array.from({ length: 64 }, () => same),
  },
  namespaces: { names: Array.from({ length: 256 }, (_, index) => `namespace-${index}`) },
};
const selecting = (selector: unknown): unknown => cluster({ workloads: [{ selector }] });

export const RESOURCE_CASES: readonly ResourceCase[] = [
  // What is accepted
  { name: 'pods', document: prefetch({ workloads: [{ kinds: ['Pod'], selector: {}, keepFor: '30m' }] }), problems: [] },
  { name: 'images alone', document: prefetch({ images }), problems: [] },
  { name: 'workloads alone', document: prefetch({ workloads: [all] }), problems: [] },
  {
    name: 'every field of a ClusterPrefetch',
    document: cluster({
      images,
      workloads: [
        {
          kinds: ['Deployment', 'Rollout', 'StatefulSet.apps.kruise.io'],
          selector: {
            matchLabels: { 'example.com/tier': 'web', empty: '' },
            matchExpressions: [
              { key: 'app', operator: 'In', values: ['a', 'b'] },
              { key: 'app', operator: 'NotIn', values: ['c'] },
              { key: 'app', operator: 'Exists' },
              { key: 'legacy', operator: 'DoesNotExist', values: [] },
            ],
          },
          onlyAnnotated: true,
          images: 'Admitted',
          keepFor: '7d',
          namespaces: { names: ['shop'], selector: { matchLabels: { team: 'shop' } }, exclude: ['kube-system'] },
        },
      ],
      exclude: ['*/debug-*'],
      rewrite: [{ from: 'docker.io/', to: 'mirror.example/hub/' }],
      nodes: {
        selector: { matchLabels: { pool: 'gpu' } },
        names: ['*worker*'],
        tolerations: [
          { key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
          { operator: 'Exists' },
          { key: 'gone', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
        ],
        placement: 'All',
      },
      imagePullSecrets: [{ name: 'regcred' }, { name: 'regcred' }],
      refresh: { policy: 'Always', interval: '30m' },
      priority: 100,
      suspend: true,
    }),
    problems: [],
  },
  { name: 'how often tags are looked up', document: prefetch({ images, refresh: { interval: '6h' } }), problems: [] },
  { name: 'a Prefetch may lower its priority', document: prefetch({ images, priority: -5 }), problems: [] },
  { name: 'a Prefetch may choose nodes', document: prefetch({ images, nodes: { names: ['n*'] } }), problems: [] },
  { name: 'null where a default is', document: prefetch({ images, exclude: null, priority: null }), problems: [] },
  { name: 'null where nothing is needed', document: prefetch({ images, nodes: null }), problems: [] },
  {
    name: 'a ClusterPrefetch that names a namespace',
    document: { ...(cluster({ images }) as object), metadata },
    problems: [],
  },
  { name: 'a status that is null', document: { ...(prefetch({ images }) as object), status: null }, problems: [] },
  { name: 'null in place of labels', document: selecting({ matchLabels: null }), problems: [] },
  { name: 'a label that is null', document: selecting({ matchLabels: { a: null } }), problems: [] },
  { name: 'null instead of kinds', document: prefetch({ workloads: [{ selector: {}, kinds: null }] }), problems: [] },
  { name: 'an empty choice of nodes', document: prefetch({ images, nodes: {} }), problems: [] },
  {
    name: 'an empty choice of namespaces',
    document: cluster({ workloads: [{ selector: {}, namespaces: {} }] }),
    problems: [],
  },
  { name: 'an empty toleration', document: prefetch({ images, nodes: { tolerations: [{}] } }), problems: [] },
  { name: 'equal requirements', document: selecting({ matchExpressions: [same, same] }), problems: [] },
  { name: 'an image that is no reference', document: prefetch({ images: ['not an image:::'] }), problems: [] },
  {
    name: 'a rule that only a plan refuses',
    document: prefetch({ images, rewrite: [{ from: 'docker.io', to: 'mirror.example/' }] }),
    problems: [],
  },
  {
    name: 'an operator that only a plan refuses',
    document: selecting({ matchExpressions: [{ key: 'a', operator: 'Has' }] }),
    problems: [],
  },
  {
    name: 'a label named like a method',
    document: selecting({ matchLabels: { constructor: 'a', toString: 'b' } }),
    problems: [],
  },
  { name: 'a label key of two lines', document: selecting({ matchLabels: { 'a\nb': 'c' } }), problems: [] },
  { name: 'a whole number written with an exponent', document: cluster({ images, priority: 1e5 }), problems: [] },
  {
    name: 'pull secrets of a Prefetch',
    document: prefetch({ images, imagePullSecrets: [{ name: 'a' }] }),
    problems: [],
  },
  { name: 'null instead of pull secrets', document: prefetch({ images, imagePullSecrets: null }), problems: [] },
  { name: 'the lowest priority', document: prefetch({ images, priority: -1_000_000 }), problems: [] },
  { name: 'the highest priority', document: cluster({ images, priority: 1_000_000 }), problems: [] },
  { name: 'the longest image', document: prefetch({ images: ['x'.repeat(512)] }), problems: [] },
  {
    name: 'the longest image, of characters outside the BMP',
    document: prefetch({ images: ['😀'.repeat(512)] }),
    problems: [],
  },
  {
    name: 'the longest image, of composed characters',
    document: prefetch({ images: ['e\u0301'.repeat(256)] }),
    problems: [],
  },
  {
    name: 'the most images',
    document: prefetch({ images: Array.from({ length: 500 }, (_, index) => `a:${index}`) }),
    problems: [],
  },
  {
    name: 'the most workloads',
    document: cluster({ workloads: Array.from({ length: 32 }, () => full) }),
    problems: [],
  },
  { name: 'a status is left alone', document: { ...(prefetch({ images }) as object), status: {} }, problems: [] },

  // Misspelt and misplaced fields
  { name: 'a misspelt field', document: prefetch({ images, imagse: [] }), problems: ['spec.imagse: no such field'] },
  {
    name: 'a misspelt field inside',
    document: prefetch({ workloads: [{ selector: {}, kind: 'Job' }] }),
    problems: ['spec.workloads[0].kind: no such field'],
  },
  {
    name: 'a misspelt field of a selector',
    document: selecting({ matchLabel: { app: 'web' } }),
    problems: ['spec.workloads[0].selector.matchLabel: no such field'],
  },
  {
    name: 'a field beside spec',
    document: { ...(prefetch({ images }) as object), sepc: {} },
    problems: ['sepc: no such field'],
  },

  {
    name: 'a misspelt field of a requirement',
    document: selecting({ matchExpressions: [{ ...same, value: 'a' }] }),
    problems: ['spec.workloads[0].selector.matchExpressions[0].value: no such field'],
  },
  {
    name: 'a misspelt field of nodes',
    document: choosing({ name: ['n1'] }),
    problems: ['spec.nodes.name: no such field'],
  },
  {
    name: 'a misspelt field of a toleration',
    document: choosing({ tolerations: [{ keys: 'a' }] }),
    problems: ['spec.nodes.tolerations[0].keys: no such field'],
  },
  {
    name: 'a misspelt field that is null',
    document: prefetch({ images, imagse: null }),
    problems: ['spec.imagse: no such field'],
  },
  {
    name: 'a misspelt field inside that is null',
    document: choosing({ placment: null }),
    problems: ['spec.nodes.placment: no such field'],
  },
  {
    name: 'a misspelt field beside spec that is null',
    document: { ...(prefetch({ images }) as object), sepc: null },
    problems: ['sepc: no such field'],
  },
  {
    name: 'a field named like a method',
    document: prefetch({ images, constructor: {} }),
    problems: ['spec.constructor: no such field'],
  },
  {
    name: 'a field named like a prototype',
    document: prefetch(JSON.parse('{"images": ["a"], "__proto__": {}}')),
    problems: ['spec.__proto__: no such field'],
  },

  // Wrong types
  { name: 'no spec', document: prefetch(undefined), problems: ['spec: expected a mapping, got nothing'] },
  { name: 'spec is text', document: prefetch('nginx'), problems: ['spec: expected a mapping, got "nginx"'] },
  {
    name: 'images is text',
    document: prefetch({ images: 'nginx' }),
    problems: ['spec.images: expected a list, got "nginx"'],
  },
  { name: 'an image is a number', document: prefetch({ images: [1.27] }), problems: ['spec.images[0]: expected text'] },
  { name: 'an image is null', document: prefetch({ images: [null] }), problems: ['spec.images[0]: expected text'] },
  {
    name: 'suspend is text',
    document: prefetch({ images, suspend: 'yes' }),
    problems: ['spec.suspend: expected true or false'],
  },
  {
    name: 'priority is a fraction',
    document: cluster({ images, priority: 1.5 }),
    problems: ['spec.priority: expected a whole number, got 1.5'],
  },
  {
    name: 'a label value is a boolean',
    document: selecting({ matchLabels: { spot: true } }),
    problems: ['spec.workloads[0].selector.matchLabels.spot: expected text'],
  },

  {
    name: 'a label value is a number, in a label key of two lines',
    document: selecting({ matchLabels: { 'a\nb': 1 } }),
    problems: ['expected text'],
  },
  {
    name: 'a policy of refresh that is none',
    document: prefetch({ images, refresh: { policy: 'Sometimes' } }),
    problems: ['spec.refresh.policy: expected'],
  },
  {
    name: 'an interval of refresh without a unit',
    document: prefetch({ images, refresh: { interval: '60' } }),
    problems: ['spec.refresh.interval: expected'],
  },
  { name: 'spec is null', document: prefetch(null), problems: ['spec: expected a mapping'] },
  { name: 'spec is a list', document: prefetch([]), problems: ['spec: expected a mapping, got a list'] },
  { name: 'images is a mapping', document: prefetch({ images: {} }), problems: ['spec.images: expected a list'] },
  { name: 'nodes is a list', document: prefetch({ images, nodes: [] }), problems: ['spec.nodes: expected a mapping'] },
  {
    name: 'a workload is null',
    document: prefetch({ workloads: [null] }),
    problems: ['spec.workloads[0]: expected a mapping'],
  },
  {
    name: 'a toleration is null',
    document: choosing({ tolerations: [null] }),
    problems: ['spec.nodes.tolerations[0]: expected'],
  },
  {
    name: 'a requirement is text',
    document: selecting({ matchExpressions: ['a'] }),
    problems: ['spec.workloads[0].selector.matchExpressions[0]: expected a mapping'],
  },
  {
    name: 'labels are a list',
    document: selecting({ matchLabels: ['a'] }),
    problems: ['spec.workloads[0].selector.matchLabels: expected a mapping'],
  },
  {
    name: 'priority is text',
    document: cluster({ images, priority: '1' }),
    problems: ['spec.priority: expected a whole number'],
  },
  {
    name: 'suspend is a number',
    document: prefetch({ images, suspend: 1 }),
    problems: ['spec.suspend: expected true or false'],
  },

  // Bounds
  {
    name: 'a priority of twenty digits',
    document: cluster({ images, priority: 1e20 }),
    problems: ['spec.priority: expected a number <='],
  },
  {
    name: 'toleration seconds of twenty digits',
    document: choosing({ tolerations: [{ tolerationSeconds: 1e20 }] }),
    problems: ['tolerationSeconds: expected a number <='],
  },
  {
    name: 'toleration seconds of a fraction',
    document: choosing({ tolerations: [{ tolerationSeconds: 0.5 }] }),
    problems: ['tolerationSeconds: expected a whole number'],
  },
  {
    name: 'a long image of characters outside the BMP',
    document: prefetch({ images: ['😀'.repeat(513)] }),
    problems: ['spec.images[0]: expected at most 512'],
  },
  {
    name: 'a long image of composed characters',
    document: prefetch({ images: ['e\u0301'.repeat(257)] }),
    problems: ['spec.images[0]: expected at most 512'],
  },
  {
    name: 'an image twice',
    document: prefetch({ images: ['a', 'b', 'a'] }),
    problems: ['spec.images[2]: expected every item once'],
  },
  {
    name: 'a kind twice',
    document: prefetch({ workloads: [{ selector: {}, kinds: ['Job', 'Job'] }] }),
    problems: ['spec.workloads[0].kinds[1]: expected every item once'],
  },
  {
    name: 'an exclusion twice',
    document: prefetch({ images, exclude: ['*', '*'] }),
    problems: ['spec.exclude[1]: expected every item once'],
  },
  {
    name: 'a node name twice',
    document: choosing({ names: ['n1', 'n1'] }),
    problems: ['spec.nodes.names[1]: expected every item once'],
  },
  {
    name: 'a namespace twice',
    document: cluster({ workloads: [{ selector: {}, namespaces: { names: ['a', 'a'] } }] }),
    problems: ['namespaces.names[1]: expected every item once'],
  },
  {
    name: 'many exclusions',
    document: prefetch({ images, exclude: Array.from({ length: 101 }, (_, index) => `a${index}`) }),
    problems: ['spec.exclude: expected at most 100'],
  },
  {
    name: 'many workloads',
    document: prefetch({ workloads: Array.from({ length: 33 }, () => all) }),
    problems: ['spec.workloads: expected at most 32'],
  },
  {
    name: 'many labels',
    document: selecting({
      matchLabels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, ''])),
    }),
    problems: ['matchLabels: expected at most 64 entries'],
  },
  {
    name: 'many requirements',
    document: selecting({ matchExpressions: Array.from({ length: 65 }, () => same) }),
    problems: ['matchExpressions: expected at most 64'],
  },
  {
    name: 'many node names',
    document: choosing({ names: Array.from({ length: 257 }, (_, index) => `n${index}`) }),
    problems: ['spec.nodes.names: expected at most 256'],
  },
  {
    name: 'many tolerations',
    document: choosing({ tolerations: Array.from({ length: 65 }, () => ({})) }),
    problems: ['spec.nodes.tolerations: expected at most 64'],
  },
  {
    name: 'a long label value',
    document: selecting({ matchLabels: { a: 'x'.repeat(64) } }),
    problems: ['matchLabels.a: expected at most 63'],
  },
  {
    name: 'a requirement without an operator',
    document: selecting({ matchExpressions: [{ key: 'a' }] }),
    problems: ['matchExpressions[0].operator: expected, but missing'],
  },
  {
    name: 'a requirement without a key',
    document: selecting({ matchExpressions: [{ operator: 'Exists' }] }),
    problems: ['matchExpressions[0].key: expected, but missing'],
  },
  {
    name: 'an empty node name',
    document: choosing({ names: [''] }),
    problems: ['spec.nodes.names[0]: expected at least 1'],
  },
  {
    name: 'a low priority',
    document: prefetch({ images, priority: -1_000_001 }),
    problems: ['spec.priority: expected a number >='],
  },
  {
    name: 'an empty image',
    document: prefetch({ images: [''] }),
    problems: ['spec.images[0]: expected at least 1 character'],
  },
  {
    name: 'a long image',
    document: prefetch({ images: ['x'.repeat(513)] }),
    problems: ['spec.images[0]: expected at most 512'],
  },
  {
    name: 'many images',
    document: prefetch({ images: Array.from({ length: 501 }, (_, index) => `a:${index}`) }),
    problems: ['spec.images: expected at most 500'],
  },
  {
    name: 'a huge priority',
    document: cluster({ images, priority: 1_000_001 }),
    problems: ['spec.priority: expected a number <='],
  },
  {
    name: 'no kinds',
    document: prefetch({ workloads: [{ kinds: [], selector: {} }] }),
    problems: ['spec.workloads[0].kinds: expected at least 1'],
  },
  {
    name: 'a kind without a name',
    document: prefetch({ workloads: [{ kinds: [''], selector: {} }] }),
    problems: ['spec.workloads[0].kinds[0]: expected '],
  },
  {
    name: 'no selector',
    document: prefetch({ workloads: [{}] }),
    problems: ['spec.workloads[0].selector: expected, but missing'],
  },
  {
    name: 'a null selector',
    document: prefetch({ workloads: [{ selector: null }] }),
    problems: ['spec.workloads[0].selector: expected, but missing'],
  },
  {
    name: 'an unknown placement',
    document: cluster({ images, nodes: { placement: 'Some' } }),
    problems: ['spec.nodes.placement: expected one of Eligible, All, got "Some"'],
  },

  // What several fields say together
  { name: 'an empty spec', document: prefetch({}), problems: ['expected at least one entry in images or workloads'] },
  { name: 'empty lists', document: cluster({ images: [], workloads: [] }), problems: ['expected at least one entry'] },
  {
    name: 'a Prefetch with namespaces',
    document: prefetch({ workloads: [{ selector: {}, namespaces: { names: ['other'] } }] }),
    problems: ['leave workloads[].namespaces out'],
  },
  {
    name: 'a Prefetch with empty namespaces',
    document: prefetch({ workloads: [all, { selector: {}, namespaces: {} }] }),
    problems: ['leave workloads[].namespaces out'],
  },
  {
    name: 'a Prefetch with placement All',
    document: prefetch({ images, nodes: { placement: 'All' } }),
    problems: ['nodes.placement All'],
  },
  { name: 'a Prefetch with a priority', document: prefetch({ images, priority: 1 }), problems: ['priority above 0'] },
  {
    name: 'a Prefetch with all of them',
    document: prefetch({ workloads: [{ selector: {}, namespaces: {} }], nodes: { placement: 'All' }, priority: 1 }),
    problems: ['workloads[].namespaces', 'nodes.placement', 'priority above 0'],
  },
];
