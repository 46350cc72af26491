import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startServer } from '../../machine/index.ts';
import type { Infrastructure } from '../infrastructure/infrastructure.ts';

/** The coordinator, then every node's agent; `stack` stops them, agents first. */
export async function startPrograms(
  {
    dir,
    manifests,
    infrastructure,
    signal,
  }: { dir: string; manifests: string; infrastructure: Infrastructure; signal: AbortSignal },
  stack: AsyncDisposableStack,
): Promise<RunningCoordinator> {
  const coordinator = await startCoordinatorProgram({ dir: join(dir, 'coordinator'), manifests, signal });
  stack.defer(async () => void (await coordinator.child.stop()));
  const agents = await Promise.all(
    infrastructure.nodes.map(node =>
      node.startAgent({ coordinator: coordinator.urls.agents, dir: join(dir, `agent-of-${node.name}`) }),
    ),
  );
  stack.defer(async () => void (await Promise.all(agents.map(agent => agent.stop()))));
  return coordinator;
}

const PROGRAM = fileURLToPath(new URL('../../../../coordinator/src/main.ts', import.meta.url));
const LISTENERS = { agents: 'listen', admin: 'admin-listen', ops: 'ops-listen' } as const;
const READY_MS = 120_000;

export interface RunningCoordinator {
  readonly child: Child;
  /** Where each listener is, `http://127.0.0.1:…`. */
  readonly urls: Readonly<Record<keyof typeof LISTENERS, string>>;
}

/** The coordinator program on the directory of manifests, listening on loopback wherever there is room. */
async function startCoordinatorProgram({
  dir,
  manifests,
  signal,
}: {
  dir: string;
  manifests: string;
  signal: AbortSignal;
}): Promise<RunningCoordinator> {
  const statuses = join(dir, 'status');
  mkdirSync(statuses, { recursive: true });
  const logFile = join(dir, 'coordinator.log');
  const listen = Object.values(LISTENERS).flatMap(flag => [`--${flag}`, '127.0.0.1:0']);
  const args = [PROGRAM, '--manifests', manifests, '--status-dir', statuses, ...listen];
  const { child, answer: urls } = await startServer({
    name: 'coordinator',
    command: process.execPath,
    args,
    logFile,
    ready: () => addressesIn(logFile),
    serves: 'the coordinator to listen',
    readyMs: READY_MS,
    signal,
  });
  return { child, urls };
}

function addressesIn(logFile: string): RunningCoordinator['urls'] | undefined {
  const lines = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter(line => line.includes('"listener"'));
  const found = lines.map(line => JSON.parse(line) as { listener: string; address: string });
  const entries = Object.keys(LISTENERS).map(listener => {
    const address = found.find(line => line.listener === listener)?.address;
    return [listener, address] as const;
  });
  if (entries.some(([, url]) => url === undefined)) return undefined;
  return Object.fromEntries(entries) as RunningCoordinator['urls'];
}
