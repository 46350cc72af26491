import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createHttpAgentApi } from '@kube-prefetch/agent';
import type { NodeIdentity } from '@kube-prefetch/cluster';
import { agentsApp, listen } from '@kube-prefetch/coordinator';
import {
  type AgentApiHarness,
  agentApiSuite,
  createMemoryHarness,
  type HarnessOptions,
} from '@kube-prefetch/coordinator/testing';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterAll } from 'vitest';
import { anAuthority, projectFiles, SERVICE, serverCertificate } from './certificates-and-tokens.ts';

const scratch = scratchFolder('kp-suite');
afterAll(() => scratch.remove());

type Reached = Pick<Parameters<typeof createHttpAgentApi>[0], 'coordinator' | 'caFile' | 'tokenFile' | 'resolve'>;
type Trust = Pick<Parameters<typeof agentsApp>[1], 'certificate' | 'identity'>;

async function startHarness(
  options: HarnessOptions | undefined,
  trust: Trust,
  reach: (address: string, node: string) => Reached,
): Promise<AgentApiHarness> {
  const memory = createMemoryHarness(options);
  const { coordinator } = memory;
  const app = agentsApp(coordinator, { clock, log: silentLog, metrics: coordinator.metrics, ...trust });
  const at = { host: '127.0.0.1', port: 0 };
  const listening = await listen(app, { listener: 'agents', at, clock, log: silentLog });
  const clients: ReturnType<typeof createHttpAgentApi>[] = [];
  return {
    ...memory,
    api(node) {
      const client = createHttpAgentApi({ ...reach(listening.address, node), node, clock });
      clients.push(client);
      return client;
    },
    async close() {
      await memory.close();
      await listening.close();
      for (const client of clients) client.close();
    },
  };
}

/** Tokens that say whose they are, for want of an API server: the first part is the node. */
const tokenOf = (node: string) => `${Buffer.from(node).toString('base64url')}.signed`;
const identity: NodeIdentity = {
  async identify(token) {
    const [node = ''] = token.split('.');
    return { node: Buffer.from(node, 'base64url').toString(), pod: { name: 'agent', uid: 'pod' } };
  },
};

async function startSecureHarness(options?: HarnessOptions): Promise<AgentApiHarness> {
  const authority = await anAuthority();
  const trust = { certificate: await serverCertificate(authority), identity };
  return startHarness(options, trust, (address, node) => {
    const folder = mkdtempSync(join(scratch.path, 'pod-'));
    const { caFile, tokenFile } = projectFiles(folder, { ca: authority.certificate, token: tokenOf(node) });
    const coordinator = `https://${SERVICE}:${new URL(address).port}`;
    return { coordinator, caFile, tokenFile, resolve: async () => ['127.0.0.1'] };
  });
}

agentApiSuite('over HTTP', options => startHarness(options, {}, coordinator => ({ coordinator })));
agentApiSuite('over TLS with tokens', startSecureHarness);
