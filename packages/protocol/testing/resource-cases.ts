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
const selecting = (selector: unknown): unknown => cluster({ workloads: [{ selector }] });

export const RESOURCE_CASES: readonly ResourceCase[] = [
  // What is accepted
  { name: 'images alone', document: prefetch({ images }), problems: [] },
  { name: 'workloads alone', document: prefetch({ workloads: [all] }), problems: [] },
  {
    name: 'every field of a ClusterPrefetch',
    document: cluster({
      images,
      workloads: [
        {
          kinds: ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'],
          selector: {
            matchLabels: { 'example.com/tier': 'web', empty: '' },
            matchExpressions: [
              { key: 'app', operator: 'In', values: ['a', 'b'] },
              { key: 'app', operator: 'NotIn', values: ['c'] },
              { key: 'app', operator: 'Exists' },
              { key: 'legacy', operator: 'DoesNotExist', values: [] },
            ],
          },
          namespaces: { names: ['shop'], selector: { matchLabels: { team: 'shop' } }, exclude: ['kube-system'] },
        },
      ],
      exclude: ['*/debug-*'],
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
      priority: 100,
      suspend: true,
    }),
    problems: [],
  },
  { name: 'a Prefetch may lower its priority', document: prefetch({ images, priority: -5 }), problems: [] },
  { name: 'a Prefetch may choose nodes', document: prefetch({ images, nodes: { names: ['n*'] } }), problems: [] },
  { name: 'null where a default is', document: prefetch({ images, exclude: null, priority: null }), problems: [] },
  { name: 'null where nothing is needed', document: prefetch({ images, nodes: null }), problems: [] },
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

  // Bounds
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
    document: prefetch({ images: Array(501).fill('a') }),
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
    name: 'an unknown kind',
    document: prefetch({ workloads: [{ kinds: ['Pod'], selector: {} }] }),
    problems: ['spec.workloads[0].kinds[0]: expected one of Deployment, StatefulSet'],
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
