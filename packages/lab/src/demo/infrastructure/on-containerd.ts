import { normaliseReference } from '@kube-prefetch/protocol';
import { join } from 'node:path';
import { type Containerd, startContainerd } from '../../runtimes/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { startAgentProgram } from './start-agent.ts';
import type { DemoNode, Infrastructure, InfrastructureOptions } from './infrastructure.ts';
import { publishToRealRegistry } from './real-registry.ts';

/** A real registry, and for every node a containerd of its own. */
export async function onContainerd(options: InfrastructureOptions): Promise<Infrastructure> {
  const { dir, nodes, say, signal } = options;
  if (process.getuid?.() !== 0) throw new Error('only root may start it');
  await needUpFront('demo on containerd', { say });
  await using stack = new AsyncDisposableStack();
  const registry = await publishToRealRegistry(options, stack);
  const runtimes: Containerd[] = [];
  for (const name of nodes) {
    signal.throwIfAborted();
    const runtime = await startContainerd({
      dir: join(dir, name),
      version: 'debian',
      registries: [registry.address],
      say,
    });
    stack.defer(() => runtime.stop());
    runtimes.push(runtime);
  }
  const version = /Server:\s+Version:\s+(\S+)/.exec((await runtimes[0]?.ctr('version')) ?? '')?.[1] ?? '';
  const started = stack.move();
  return {
    description: `${nodes.length} real containerds ${version}, each with its own root and socket, and a real docker-registry`,
    registry,
    nodes: runtimes.map((runtime, n) => nodeOf(nodes[n] as string, runtime)),
    close: () => started.disposeAsync(),
  };
}

function nodeOf(name: string, runtime: Containerd): DemoNode {
  return {
    name,
    async has(image) {
      const names = await runtime.ctr('images', 'ls', '-q');
      return names.split('\n').includes(normaliseReference(image));
    },
    async remove(image) {
      await runtime.ctr('images', 'rm', '--sync', ...(await namesOf(runtime, normaliseReference(image))));
    },
    run: image => runtime.runContainer(normaliseReference(image)),
    startAgent: options => startAgentProgram({ ...options, node: name, socket: runtime.socket }),
  };
}

/** All names of the image, the given one last: containerd keeps contents as long as one is left. */
async function namesOf(runtime: Containerd, image: string): Promise<readonly string[]> {
  const rows = (await runtime.ctr('images', 'ls')).split('\n').map(line => line.split(/\s+/));
  const digest = rows.find(([name]) => name === image)?.[2];
  const others = rows.filter(([name, , target]) => digest !== undefined && target === digest && name !== image);
  return [...others.map(([name]) => name as string), image];
}
