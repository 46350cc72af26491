import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiServer } from '../../cluster/index.ts';
import { freePort, type Say, startServer } from '../../machine/index.ts';
import { goBuild, goModule } from '../../set-up/index.ts';

const MODULE = 'sigs.k8s.io/kwok';
const VERSION = 'v0.8.0';
const READY_MS = 120_000;

/**
 * KWOK in place of the kubelets: what is bound to a node runs at once, and ends at once when it is deleted. It renews no node
 * leases and writes no node's status. Answers how to end it.
 */
export async function startKwok(server: ApiServer, dir: string, say: Say): Promise<() => Promise<void>> {
  const takes = 'about 2 minutes on 2 cores';
  const packages = [`${MODULE}/cmd/kwok`];
  const folder = await goBuild({ name: 'kwok', module: MODULE, version: VERSION, packages, takes, say });
  const config = join(dir, 'kwok.yaml');
  writeFileSync(config, await stages());
  const port = await freePort();
  const { child } = await startServer({
    name: 'kwok',
    command: join(folder, 'kwok'),
    args: [
      `--kubeconfig=${server.kubeconfig}`,
      '--manage-all-nodes',
      '--node-lease-duration-seconds=0',
      `--config=${config}`,
      `--server-address=127.0.0.1:${port}`,
      '--cidr=10.0.0.1/16',
    ],
    logFile: join(dir, 'kwok.log'),
    ready: async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok,
    serves: 'KWOK',
    readyMs: READY_MS,
  });
  return async () => void (await child.stop());
}

/** Those of its module for pods, without delays. It manages only nodes that it has a stage for; ours are past this one. */
async function stages(): Promise<string> {
  const folder = join(await goModule(MODULE, VERSION), 'kustomize/stage');
  const pods = readdirSync(join(folder, 'pod/fast')).filter(name => name.startsWith('pod-'));
  const files = ['node/fast/node-initialize.yaml', ...pods.map(name => `pod/fast/${name}`)];
  return files.map(name => readFileSync(join(folder, name), 'utf8')).join('\n---\n');
}
