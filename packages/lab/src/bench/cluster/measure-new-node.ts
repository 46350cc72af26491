import type { Cluster } from '../../cluster/index.ts';
import type { Figure } from '../print-figures.ts';
import { type BenchCluster, NAMESPACE, untilPresent, untilWarm } from './bench-cluster.ts';
import { podProcesses } from './pod-processes.ts';
import { untilLogged } from './until-logged.ts';

/** A node joins while everything is warm; our agent's image has to come first. */
export async function measureNewNode(bench: BenchCluster): Promise<readonly Figure[]> {
  const { cluster, open } = bench;
  const { images } = open;
  await bench.ask(open);
  await untilPresent(cluster.nodes(), images);
  await untilWarm(cluster);
  const requested = untilLogged(cluster.registry.logFile, line => line.includes('/v2/bench/'));
  const node = await cluster.addNode();
  const readyMs = Date.now();
  const firstMs = (await requested) - readyMs;
  await untilPresent([node], images);
  const warmMs = Date.now() - readyMs;
  const startedMs = (await agentStartMs(cluster, node.name)) - readyMs;
  await cluster.removeNode(node.number);
  await bench.forget();
  await Promise.all(cluster.nodes().map(each => bench.wipe(each)));
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  return [
    { name: "new node: Ready to its agent's first line, once its image is pulled", value: seconds(startedMs) },
    { name: 'new node: Ready to first pull', value: seconds(firstMs) },
    { name: 'new node: Ready to all warm', value: seconds(warmMs) },
  ];
}

async function agentStartMs(cluster: Cluster, node: string): Promise<number> {
  const agent = (await podProcesses(cluster)).find(process => process.program === 'agent' && process.node === node);
  if (agent === undefined) throw new Error(`expected an agent on ${node}`);
  const [line = ''] = (await cluster.kubectl('logs', '-n', NAMESPACE, agent.pod)).split('\n');
  return Date.parse((JSON.parse(line) as { time: string }).time);
}
