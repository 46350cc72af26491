import { type Figure } from '../print-figures.ts';
import { type BenchCluster, untilPresent, untilWarm } from './bench-cluster.ts';
import { untilLogged } from './until-logged.ts';

/** A node joins while everything is warm; our agent's image has to come first. */
export async function measureNewNode(bench: BenchCluster): Promise<readonly Figure[]> {
  const { cluster, images } = bench;
  await bench.ask(images);
  await untilPresent(cluster.nodes(), images);
  await untilWarm(cluster);
  const requested = untilLogged(cluster.registry.logFile, line => line.includes('/v2/bench/'));
  const node = await cluster.addNode();
  const readyMs = Date.now();
  const firstMs = (await requested) - readyMs;
  await untilPresent([node], images);
  const warmMs = Date.now() - readyMs;
  await cluster.removeNode(node.number);
  await bench.forget();
  await Promise.all(cluster.nodes().map(each => bench.wipe(each)));
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  return [
    { name: 'new node: Ready to first pull, with the start of its agent', value: seconds(firstMs) },
    { name: 'new node: Ready to all warm', value: seconds(warmMs) },
  ];
}
