import { mkdirSync } from 'node:fs';
import { Agent } from 'node:https';
import { startApiServer } from '@kube-prefetch/lab/cluster';
import { waitUntil } from '@kube-prefetch/lab/machine';
import type { CellReport, NodeView } from '@kube-prefetch/protocol';
import {
  ask,
  createAgentToken,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  startReplica,
} from '../api-server/start-replicas.ts';
import { createRawClient } from '../api-server/raw-client.ts';
import { kubeconfigVia, startTcpProxy } from '../api-server/tcp-proxy.ts';
import { projectFiles } from '../http/certificates-and-tokens.ts';
import { preparePrograms } from '../programs/start-programs.ts';
import { SOON_MS } from '../patience.ts';
import { INSPECTED } from './inspect-process.ts';

/** Neither the agent's address nor that of a scraper. */
export const STRANGER = '127.0.0.2';
const PREFETCHES = '/apis/kube-prefetch.io/v1alpha1/clusterprefetches';
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;

export type InCluster = Awaited<ReturnType<typeof startInCluster>>;

/** A real API server, and both programs as a cluster runs them: watches, TLS, and a token that is renewed. */
export async function startInCluster(dir: string, runtimeSocket: string) {
  await using started = new AsyncDisposableStack();
  const server = await startApiServer({ folder: `${dir}/api-server` });
  started.defer(() => server.close());
  await prepareCluster(server, ['n1']);
  const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  await server.kubectl('patch', 'node', 'n1', '--subresource=status', `--patch=${ready}`);
  const spec = { workloads: [{ selector: {} }], images: [] };
  await server.apply({
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'ClusterPrefetch',
    metadata: { name: 'base' },
    spec,
  });

  const proxy = await startTcpProxy(server.url);
  started.defer(() => proxy.close());
  const kubeconfig = kubeconfigVia(proxy, server.kubeconfig, server.url);
  // The agent's process looks this name up as any other.
  const flags = { service: 'localhost', 'log-level': 'info' };
  const replica = await startReplica({ kubeconfig }, dir, 'coordinator-a', flags, INSPECTED);
  started.defer(async () => void (await replica.child.kill()));
  const ca = await publishedCa(server);
  mkdirSync(`${dir}/identity`);
  const files = projectFiles(`${dir}/identity`, { ca, token: await createAgentToken(server, 'n1') });

  const programs = await preparePrograms(dir, runtimeSocket);
  const agent = await programs.startAgent(
    {
      coordinator: `https://localhost:${replica.agents.split(':')[1]}`,
      'ca-file': files.caFile,
      'token-file': files.tokenFile,
      'log-level': 'info',
    },
    INSPECTED,
  );
  started.defer(async () => void (await agent.child.kill()));
  const client = createRawClient(server.kubeconfig);
  started.defer(() => client.close());
  const running = started.move();

  const cellOf = async (image: string) => {
    const answer = await fetch(`${replica.admin}/v1/nodes/n1`, { signal: AbortSignal.timeout(20_000) });
    return answer.ok && ((await answer.json()) as NodeView).images.find(view => view.image === image)?.cell;
  };
  return {
    coordinator: replica.child,
    agent: agent.child,
    logged: replica.logged,
    ops: [replica.ops, await agent.ops()],
    /** Of the one ClusterPrefetch, which wants those of every workload too. */
    async name(images: readonly string[]): Promise<void> {
      const { body } = await client.send<{ spec: object }>('GET', `${PREFETCHES}/base`);
      const { status } = await client.send('PUT', `${PREFETCHES}/base`, { ...body, spec: { ...body.spec, images } });
      // The coordinator may have written the status meanwhile.
      if (status === 409) await this.name(images);
      else if (status !== 200) throw new Error(`PUT of a ClusterPrefetch: ${status}`);
    },
    async deploy(name: string, image: string): Promise<void> {
      const labels = { app: name };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } };
      const metadata = { name, namespace: NAMESPACE };
      const deployment = { metadata, spec: { selector: { matchLabels: labels }, template } };
      const { status } = await client.send('POST', DEPLOYMENTS, deployment);
      if (status !== 201) throw new Error(`POST of a Deployment: ${status}`);
    },
    removeDeployment: (name: string) => client.send('DELETE', `${DEPLOYMENTS}/${name}`),
    until: (image: string, state: CellReport['state']) =>
      waitUntil(
        async () => {
          const cell = await cellOf(image);
          return cell !== false && cell?.state === state;
        },
        `${image} to be ${state}`,
        SOON_MS,
      ),
    /** As a kubelet does before a token ends. */
    renewToken: async () => files.replace({ token: await createAgentToken(server, 'n1') }),
    breakWatches: () => proxy.breakConnections(),
    /** The status of the answer to a stranger, who trusts us and has this token or none. */
    async askAsStranger(token?: string): Promise<number> {
      const agent = new Agent({ localAddress: STRANGER });
      const { status } = await ask(replica, { ca, token, servername: 'localhost', agent });
      agent.destroy();
      return status;
    },
    agentsAddress: replica.agents,
    close: () => running.disposeAsync(),
  };
}
