import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../print-figures.ts';
import { residentMiB } from '../process-figures.ts';
import { type BenchCluster, untilPresent, untilWarm } from './bench-cluster.ts';
import { describeWrites, settled, writesSince } from './count-writes.ts';
import { podProcesses } from './pod-processes.ts';

/** What we cost while everything is warm, and afterwards what the processes in the pods hold. */
export async function measureIdle(bench: BenchCluster, minutes: number): Promise<readonly Figure[]> {
  const { cluster, open } = bench;
  const { images } = open;
  await bench.ask(open);
  await untilPresent(cluster.nodes(), images);
  await untilWarm(cluster);
  await settled();
  const requestsBefore = cluster.registry.requestLog().length;
  const sinceMs = Date.now();
  console.log(`watching for ${minutes} min while everything is warm`);
  await sleep(minutes * 60_000);
  const writes = writesSince(cluster, sinceMs);
  const requests = cluster.registry.requestLog().length - requestsBefore;
  const processes = await podProcesses(cluster);
  await bench.forget();
  await Promise.all(cluster.nodes().map(node => bench.wipe(node)));
  const memory = (program: string) =>
    processes
      .filter(process => process.program === program)
      .map(({ pid }) => residentMiB(pid).toFixed(1))
      .join(', ');
  return [
    {
      name: `our API server writes in ${minutes} idle minutes`,
      value: `${writes.length}${describeWrites(writes)}`,
      target: '0',
      held: writes.length === 0,
    },
    { name: `registry requests in ${minutes} idle minutes`, value: `${requests}`, target: '0', held: requests === 0 },
    { name: 'coordinator memory in the pods', value: `${memory('coordinator')} MiB` },
    { name: 'agent memory in the pods', value: `${memory('agent')} MiB` },
  ];
}
