import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ourVerdict } from './our-verdict.ts';
import { SOON_MS } from '../patience.ts';

interface Case {
  readonly name: string;
  readonly taint?: { readonly key: string; readonly effect: string };
  /** The condition behind the taint: without it the controllers take the taint away. */
  readonly condition?: string;
  readonly unschedulable?: boolean;
  readonly pool?: string;
  readonly ours: 'Yes' | 'No' | 'Held';
}

const CASES: readonly Case[] = [
  { name: 'plain', ours: 'Yes' },
  { name: 'of-another-pool', pool: 'db', ours: 'No' },
  { name: 'dedicated', taint: { key: 'dedicated', effect: 'NoSchedule' }, ours: 'No' },
  { name: 'emptied', taint: { key: 'dedicated', effect: 'NoExecute' }, ours: 'No' },
  { name: 'unwelcoming', taint: { key: 'dedicated', effect: 'PreferNoSchedule' }, ours: 'Yes' },
  { name: 'cordoned', unschedulable: true, ours: 'Held' },
  ...[
    ['memory-pressure', 'MemoryPressure', 'Held'] as const,
    ['pid-pressure', 'PIDPressure', 'Held'] as const,
    ['disk-pressure', 'DiskPressure', 'Held'] as const,
  ].map(([name, condition, ours]): Case => {
    return { name, taint: { key: `node.kubernetes.io/${name}`, effect: 'NoSchedule' }, condition, ours };
  }),
];

const podSpec = { nodeSelector: { pool: 'web' }, containers: [{ name: 'main', image: 'web:1' }] };

const nodeOf = ({ name, taint, condition, unschedulable = false, pool = 'web' }: Case) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { pool } },
  spec: { unschedulable, taints: taint === undefined ? [] : [taint] },
  status: {
    allocatable: { cpu: '8', memory: '16Gi', pods: '110' },
    conditions: ['Ready', ...(condition === undefined ? [] : [condition])].map(type => ({ type, status: 'True' })),
  },
});

const DAEMON_SET = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: podSpec },
  },
};

const folder = scratchFolder('kp-daemon-set');
let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ folder: folder.path, controllersToo: true });
});
afterAll(async () => {
  await server?.close();
  folder.remove();
});

test('a DaemonSet has a pod for a node exactly where we do not say No', async () => {
  await server.apply(CASES.map(nodeOf));
  await server.apply(DAEMON_SET);
  const expected = CASES.filter(({ ours }) => ours !== 'No').map(({ name }) => name);
  // New nodes are not ready for a moment, so the controller comes to want its pods in several steps.
  const nodes = await waitUntil(
    async () => {
      const [wanted, targets] = [await wantedPods(), await podTargets()];
      return wanted >= expected.length && targets.length >= wanted && targets;
    },
    'the pods of the DaemonSet',
    SOON_MS,
  );
  expect(nodes.toSorted()).toEqual(expected.toSorted());
  for (const one of CASES)
    expect([one.name, ourVerdict(nodeOf(one), podSpec, { kind: 'DaemonSet' }).verdict]).toEqual([one.name, one.ours]);
});

async function wantedPods(): Promise<number> {
  const field = '{.status.desiredNumberScheduled}';
  return Number(await server.kubectl('get', 'daemonset', 'web', '-o', `jsonpath=${field}`));
}

/** The nodes that the controller made pods for. */
async function podTargets(): Promise<readonly string[]> {
  const terms = '.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const path = `jsonpath={range .items[*]}{${terms}[0].matchFields[0].values[0]}{"\\n"}{end}`;
  return (await server.kubectl('get', 'pods', '-l', 'app=web', '-o', path)).trim().split('\n');
}
