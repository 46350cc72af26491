import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine, startDockerd } from '../../runtimes/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { startAgentProgram } from './start-agent.ts';
import type { DemoNode, Infrastructure, InfrastructureOptions } from './infrastructure.ts';
import { publishToRealRegistry } from './real-registry.ts';

const USUAL_SOCKET = '/var/run/docker.sock';

/** A Docker Engine, the machine's own or one started for the demo. One engine is one node. */
export async function onDocker(options: InfrastructureOptions): Promise<Infrastructure> {
  await using stack = new AsyncDisposableStack();
  const own = await ownEngine();
  await needUpFront(own === undefined ? 'demo' : 'demo on docker', options);
  const { socket, whose } = own ?? (await startedEngine(options, stack));
  const registry = await publishToRealRegistry(options, stack);
  const engine = createEngine(socket);
  const [name = 'node-1'] = options.nodes;
  // A machine's own engine is given back as it was.
  stack.defer(() => engine.removeAllOf(registry.address));
  const started = stack.move();
  return {
    description: `one real Docker Engine (${whose}) as the only node, and a real docker-registry`,
    registry,
    nodes: [nodeOf(name, socket, engine)],
    close: () => started.disposeAsync(),
  };
}

async function ownEngine() {
  const socket = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? USUAL_SOCKET;
  if (!existsSync(socket)) return undefined;
  const answers = await createEngine(socket)
    .ping()
    .catch(() => false);
  return answers ? { socket, whose: `this machine's, ${socket}` } : undefined;
}

/** An engine speaks plain HTTP to registries on loopback without being told. */
async function startedEngine({ dir, say }: InfrastructureOptions, stack: AsyncDisposableStack) {
  if (process.getuid?.() !== 0) throw new Error(`nothing answers on ${USUAL_SOCKET}, and only root may start dockerd`);
  const dockerd = await startDockerd({ dir: join(dir, 'docker'), registries: [], say });
  stack.defer(() => dockerd.close());
  return { socket: dockerd.socket, whose: 'started for this demo' };
}

function nodeOf(name: string, socket: string, engine: Engine): DemoNode {
  return {
    name,
    has: image => engine.has(image),
    remove: image => engine.remove(image),
    run: image => engine.run(image),
    startAgent: options => startAgentProgram({ ...options, node: name, socket }),
  };
}
