import { join } from 'node:path';
import { type Cluster, podImage, startCluster } from '@kube-prefetch/lab/cluster';
import { type ScratchFolder, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { ImageRef } from '@kube-prefetch/protocol';
import { createCriRuntime } from '@kube-prefetch/runtime';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leftoversOf } from './leftovers.ts';
import { waitingPod, webServers } from './workloads.ts';
import { SOON_MS } from '../patience.ts';

let scratch: ScratchFolder;
let cluster: Cluster;
let image: string;
beforeAll(async () => {
  scratch = scratchFolder('kpf-harness');
  const tainted = { key: 'team', value: 'gpu', effect: 'NoSchedule' } as const;
  const nodes = [{}, { containerd: '2.4', labels: { disk: 'ssd' } }, { taints: [tainted] }] as const;
  cluster = await startCluster({ folder: scratch.path, nodes });
  image = await cluster.registry.push('web', '1', await podImage());
});
afterAll(async () => {
  await cluster.close();
  scratch.remove();
});

test('nodes have the versions, labels and taints that were asked for', async () => {
  const nodes = JSON.parse(await cluster.kubectl('get', 'nodes', '--output=json')).items;
  expect(nodes.map((node: never) => seen(node))).toEqual([
    ['node1', 'v1.37.2', expect.stringMatching(/^containerd:\/\/1\.6\./), undefined, undefined],
    ['node2', 'v1.37.2', 'containerd://2.4.2', 'ssd', undefined],
    ['node3', 'v1.37.2', expect.stringMatching(/^containerd:\/\/1\.6\./), undefined, 'team'],
  ]);
});

test('pods run on every node that fits, and reach each other by the name of a Service', async () => {
  await cluster.apply(webServers('web', image, 2));
  await cluster.kubectl('rollout', 'status', 'deployment/web', `--timeout=${SOON_MS}ms`);
  const pods = (await cluster.kubectl('get', 'pods', '--selector=app=web', '--output=name')).trim().split('\n');
  const url = 'http://web.default.svc.cluster.local';
  for (const pod of pods) {
    const heard = new Set<string>();
    await waitUntil(
      async () => {
        heard.add(await cluster.kubectl('exec', pod, '--', '/bin/pod', 'get', url));
        return heard.size === 2;
      },
      `${pod} to hear from both servers`,
      SOON_MS,
    );
    expect([...heard].sort()).toEqual(['hello from node1\n', 'hello from node2\n']);
  }
});

test('the control plane reaches services, and kubectl forwards ports', async () => {
  const ip = await cluster.kubectl('get', 'service', 'web', '--output=jsonpath={.spec.clusterIP}');
  expect(await cluster.inControlPlane('curl', '--silent', '--max-time', '60', `http://${ip}`)).toMatch(/^hello from/);
  const forward = await startChild({
    name: 'port-forward',
    command: 'nsenter',
    args: ['--target', `${cluster.pid}`, '--net', '--', 'kubectl', 'port-forward', 'deployment/web', '9000:8080'],
    env: cluster.env,
    logFile: join(scratch.path, 'log', 'port-forward.log'),
  });
  const ask = () => cluster.inControlPlane('curl', '--silent', '--fail', '--max-time', '60', 'http://127.0.0.1:9000');
  expect(await waitUntil(ask, 'the forwarded port', SOON_MS, { child: forward })).toMatch(/^hello from/);
  await forward.stop();
});

test('with the registry off a pod starts where its image was pulled over CRI, and nowhere else', async () => {
  const warm = (await cluster.registry.push('warm', '1', await podImage({ sizeMiB: 1 }))) as ImageRef;
  const { signal } = new AbortController();
  const runtime = createCriRuntime({ socket: cluster.node(1).criSocket, clock: systemClock });
  await runtime.version(signal);
  await runtime.pull(warm, undefined, () => {}, signal);
  await cluster.registry.stop();
  await cluster.apply([1, 2].map(n => waitingPod(`on-node${n}`, warm, { nodeName: `node${n}` })));
  expect(await becomes('on-node1')).toBe('Running');
  expect(await becomes('on-node2')).toMatch(/ImagePull/);
  await cluster.registry.start();
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/on-node2', `--timeout=${SOON_MS}ms`);
});

test('a kubelet told to verify every image wants the registry for what was pulled over CRI', async () => {
  await cluster.node(1).kubelet.configure({ imagePullCredentialsVerificationPolicy: 'AlwaysVerify' });
  await cluster.registry.stop();
  await cluster.apply(waitingPod('verified', `${cluster.registry.address}/warm:1`, { nodeName: 'node1' }));
  expect(await becomes('verified')).toMatch(/ImagePull/);
  await cluster.registry.start();
});

test('containerd comes back with its pods after a crash', async () => {
  const { containerd, name } = cluster.node(2);
  await containerd.kill();
  await containerd.start();
  const here = ['--selector=app=web', `--field-selector=spec.nodeName=${name}`];
  const pod = (await cluster.kubectl('get', 'pods', '--output=name', ...here)).trim();
  const ask = () => cluster.kubectl('exec', pod, '--', '/bin/pod', 'get', 'http://127.0.0.1:8080');
  expect(await waitUntil(ask, 'the pod to answer again', SOON_MS)).toBe('hello from node2\n');
});

test('a node joins and leaves', async () => {
  const node = await cluster.addNode({ labels: { zone: 'b' } });
  expect(await cluster.kubectl('get', 'nodes', '--selector=zone=b', '--output=name')).toBe('node/node4\n');
  await cluster.apply(waitingPod('newcomer', image, { nodeName: node.name }));
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/newcomer', `--timeout=${SOON_MS}ms`);
  const left = leftoversOf({ folder: node.dir, holders: [node.pid] });
  await cluster.removeNode(4);
  expect(left()).toEqual([]);
  expect(await cluster.kubectl('get', 'nodes', '--output=name')).toBe('node/node1\nnode/node2\nnode/node3\n');
});

test('ended, it leaves nothing behind', async () => {
  const left = leftoversOf({ folder: scratch.path, holders: [cluster.pid, ...cluster.nodes().map(({ pid }) => pid)] });
  expect(left()).not.toEqual([]);
  await cluster.close();
  scratch.remove();
  expect(left()).toEqual([]);
});

/** What its container is at last: `Running`, or the reason why it waits. */
function becomes(pod: string): Promise<string> {
  const running = '{.status.containerStatuses[0].state.running.startedAt}';
  const reason = '{.status.containerStatuses[0].state.waiting.reason}';
  const state = async () => {
    const answer = await cluster.kubectl('get', 'pod', pod, `--output=jsonpath=${running} ${reason}`);
    const [startedAt, waiting] = answer.split(' ');
    return startedAt === '' ? waiting !== 'ContainerCreating' && waiting : 'Running';
  };
  return waitUntil(state, `${pod} to start or to fail`, SOON_MS);
}

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly nodeInfo: { readonly kubeletVersion: string; readonly containerRuntimeVersion: string } };
}

function seen({ metadata, spec, status }: Node): readonly unknown[] {
  const { kubeletVersion, containerRuntimeVersion } = status.nodeInfo;
  return [metadata.name, kubeletVersion, containerRuntimeVersion, metadata.labels.disk, spec.taints?.[0]?.key];
}
