import { join } from 'node:path';
import type { Ground } from '../ground/ground.ts';
import { type RunningCoordinator, startCoordinatorProgram } from './start-coordinator.ts';

/** The coordinator, then every node's agent; `stack` stops them, agents first. */
export async function startPrograms(
  { dir, manifests, ground, signal }: { dir: string; manifests: string; ground: Ground; signal: AbortSignal },
  stack: AsyncDisposableStack,
): Promise<RunningCoordinator> {
  const coordinator = await startCoordinatorProgram({ dir: join(dir, 'coordinator'), manifests, signal });
  stack.defer(async () => void (await coordinator.child.stop()));
  const agents = await Promise.all(
    ground.nodes.map(node =>
      node.startAgent({ coordinator: coordinator.urls.agents, dir: join(dir, `agent-of-${node.name}`) }),
    ),
  );
  stack.defer(async () => void (await Promise.all(agents.map(agent => agent.stop()))));
  return coordinator;
}
