import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { bundle, NODE_ENV, NODE_FLAGS } from '../../build/index.ts';
import { freePort, waitUntil } from '../../machine/index.ts';
import { type FleetShape, shapeFleet } from './fleet-shape.ts';
import { AGENTS, NAMESPACE, OWN, SERVICE } from './names.ts';
import { startWorker, type Worker } from './worker.ts';

const AGENT_PROCESSES = 2;
const READY_MS = 120_000;

export interface FleetOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly images: number;
  /** Of Node, for the coordinator: `--cpu-prof`. */
  readonly coordinatorFlags: readonly string[];
}

/** A coordinator as it ships, a stand-in for its API server, and agents, each in processes of their own. */
export interface FleetSystem {
  readonly shape: FleetShape;
  readonly standIn: Worker;
  readonly agents: readonly Worker[];
  coordinator(): Worker;
  /** As on the listener for Prometheus: sums over all labels but those given. */
  metrics(): Promise<Metrics>;
  overview(): Promise<{ readonly resources: readonly { readonly status: { readonly summary: Summary } }[] }>;
  /** As `kubectl rollout restart` does it with one replica. Resolves when the new process was started. */
  restart(): Promise<void>;
  startAgents(spreadMs: number): Promise<void>;
  stop(): Promise<void>;
}

interface Summary {
  readonly unknown: number;
}

export interface Metrics {
  /** 0 where there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

export async function startFleet({ folder, nodes, images, coordinatorFlags }: FleetOptions): Promise<FleetSystem> {
  const shape = shapeFleet(nodes, images);
  const [apiPort, port, adminPort, opsPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const JWK = JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: AGENTS.keyId, alg: 'RS256', use: 'sig' });
  const SIGNING_KEY = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const running: Worker[] = [];
  const start = async (name: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
    const worker = await startWorker({ name, args, env, logFile: join(folder, `${name}.log`) });
    running.push(worker);
    return worker;
  };
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(apiPort));
  const { file } = await bundle('coordinator', folder);
  const flags = {
    source: 'kubernetes',
    kubeconfig,
    namespace: NAMESPACE,
    'pod-name': 'coordinator-0',
    'pod-ip': '127.0.0.1',
    service: SERVICE,
    lease: OWN,
    'ca-secret': OWN,
    'ca-config-map': OWN,
    'agent-service-account': AGENTS.serviceAccount,
    listen: `127.0.0.1:${port}`,
    'admin-listen': `127.0.0.1:${adminPort}`,
    'ops-listen': `127.0.0.1:${opsPort}`,
  };
  const startCoordinator = () =>
    start(
      'coordinator',
      [
        ...NODE_FLAGS.coordinator,
        ...coordinatorFlags,
        '--import',
        pathOf('watch-loop.mjs'),
        file,
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
      ],
      NODE_ENV.coordinator,
    );
  const stop = async (workers: readonly Worker[]) => {
    await Promise.all(workers.map(worker => worker.stop()));
  };
  try {
    const standIn = await start('stand-in', [pathOf('stand-in/main.ts'), ...texts(nodes, images, apiPort)], { JWK });
    await standIn.ask({ do: 'ready' });
    let coordinator = await startCoordinator();
    const per = Math.ceil(nodes / AGENT_PROCESSES);
    const firsts = Array.from({ length: AGENT_PROCESSES }, (_, i) => i * per);
    const agents = await Promise.all(
      firsts.map((first, i) =>
        start(
          `agents-${i}`,
          [pathOf('agents/main.ts'), ...texts(first, Math.min(per, nodes - first), nodes, images, port)],
          { SIGNING_KEY },
        ),
      ),
    );
    await Promise.all(agents.map(worker => worker.ask({ do: 'ready' })));
    await waitUntil(() => isReady(opsPort), 'the coordinator to be ready', READY_MS);

    return {
      shape,
      standIn,
      agents,
      coordinator: () => coordinator,
      metrics: async () => parseMetrics(await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()),
      overview: async () =>
        (await fetch(`http://127.0.0.1:${adminPort}/v1/overview`)).json() as ReturnType<FleetSystem['overview']>,
      async restart() {
        await coordinator.stop();
        coordinator = await startCoordinator();
      },
      async startAgents(spreadMs) {
        const authority = await standIn.ask({ do: 'authority' });
        await Promise.all(agents.map(worker => worker.ask({ do: 'start', authority, spreadMs })));
      },
      async stop() {
        await stop(agents);
        await stop([coordinator]);
        await stop([standIn]);
      },
    };
  } catch (error) {
    await stop(running);
    throw error;
  }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function texts(...values: readonly number[]): readonly string[] {
  return values.map(String);
}

function kubeconfigFor(port: number): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stand-in', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'coordinator', user: { token: 'none' } }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'coordinator' } }],
    'current-context': 'stand-in',
  });
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
}

const PREFIX = 'kube_prefetch_coordinator_';

function parseMetrics(text: string): Metrics {
  const rows = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels,
    value: Number(value),
  }));
  return {
    sum: (name, labels = {}) =>
      rows
        .filter(row => row.name === `${PREFIX}${name}`)
        .filter(row => Object.entries(labels).every(([label, value]) => row.labels.includes(`${label}="${value}"`)))
        .reduce((sum, { value }) => sum + value, 0),
  };
}
