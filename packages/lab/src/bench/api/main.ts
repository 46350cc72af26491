import { loadavg } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { sayToStderr as say, scratchFolder } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { printFigures } from '../print-figures.ts';
import { startApiCluster } from './api-cluster.ts';
import { measureRollout, measureSteady, measureSync } from './measure.ts';
import type { Sizes } from './objects.ts';

const HELP = `npm run bench:api [-- --nodes N --deployments N --pods N --rounds N --minutes N]

What one coordinator costs the API server of a large cluster. A real kube-apiserver with etcd on loopback, without a disk to
wait for; of the controller manager the loops for Deployments, ReplicaSets and ServiceAccounts; a real scheduler. Nodes are objects as large
as a kubelet's; KWOK runs their pods; no agents report. The bundled coordinator runs with the chart's settings and rights, and
everything between it and the API server is counted. Measured: its start from nothing, minutes in which nothing happens, minutes in which
every node's status is written as kubelets do it, and a minute in which 100 Deployments get another image. Needs no root; ends by
itself, after about 20 minutes.

  --nodes N         (default 5000)
  --deployments N   (default 2000)
  --pods N          of all Deployments; 0: without scheduler and KWOK (default 20000)
  --rounds N        of starts (default 3)
  --minutes N       of each steady state (default 3)
  --help            this
`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench:api: ${(error as Error).stack}`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '5000' },
      deployments: { type: 'string', default: '2000' },
      pods: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const sizes: Sizes = {
    nodes: numberOf('nodes', values.nodes, 1),
    deployments: numberOf('deployments', values.deployments, 1),
    pods: numberOf('pods', values.pods, 0),
  };
  const [rounds, minutes] = [numberOf('rounds', values.rounds, 1), numberOf('minutes', values.minutes, 1)];
  await needUpFront('bench:api');
  const scratch = scratchFolder('kp-bench-api');
  try {
    await measure(scratch.path, sizes, rounds, minutes);
  } finally {
    scratch.remove();
  }
  return 0;
}

async function measure(folder: string, sizes: Sizes, rounds: number, minutes: number): Promise<void> {
  const cluster = await startApiCluster(folder, sizes, say);
  try {
    const { coordinator, figures } = await measureSync(cluster, sizes, rounds, folder);
    try {
      const steady = await measureSteady(cluster, coordinator, minutes);
      const rollout = await measureRollout(cluster, coordinator);
      const load = loadavg().map(value => value.toFixed(1));
      printFigures([
        ...figures,
        ...steady,
        ...rollout,
        { name: 'load of the machine at the end', value: load.join(' ') },
      ]);
    } finally {
      await coordinator.stop();
    }
  } finally {
    await cluster.close();
  }
}

function numberOf(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= 100_000) return value;
  throw new Error(`--${flag}: expected a whole number from ${least} to 100000, got ${text}\n\n${HELP}`);
}
