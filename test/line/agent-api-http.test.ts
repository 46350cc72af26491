import { createHttpAgentApi } from '@kube-prefetch/agent';
import { agentsApp, listen } from '@kube-prefetch/coordinator';
import {
  type AgentApiHarness,
  agentApiSuite,
  createMemoryHarness,
  type HarnessOptions,
} from '@kube-prefetch/coordinator/testing';
import { silentLog } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';

async function startHttpHarness(options?: HarnessOptions): Promise<AgentApiHarness> {
  const memory = createMemoryHarness(options);
  const { coordinator } = memory;
  const app = agentsApp(coordinator, { clock, log: silentLog, metrics: coordinator.metrics });
  const at = { host: '127.0.0.1', port: 0 };
  const listening = await listen(app, { listener: 'agents', at, clock, log: silentLog });
  const clients: ReturnType<typeof createHttpAgentApi>[] = [];
  return {
    ...memory,
    api(node) {
      const client = createHttpAgentApi({ coordinator: listening.address, node, clock });
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

agentApiSuite('over HTTP', startHttpHarness);
