import process from 'node:process';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../../machine/index.ts';
import { type Figure, printFigures } from '../print-figures.ts';
import { startBenchCluster } from './bench-cluster.ts';
import { compareFills } from './compare-fills.ts';
import { measureIdle } from './measure-idle.ts';
import { measureLatency } from './measure-latency.ts';
import { measureNewNode } from './measure-new-node.ts';
import { measureWipedNode } from './measure-wiped-node.ts';

const HELP = `npm run bench:cluster [-- --rounds N] [-- --minutes N]

Starts a real cluster of three nodes on this machine, installs the chart with images of this checkout, and measures: filling
three nodes with ten images (8 of 20 MB, 2 of 60 MB) against bare loops over CRI on the same nodes, in turn; what is written
to the API server; how soon a Deployment's new image is asked for; a node whose images are deleted; a node that joins. Root
on Debian; nothing leaves the machine; ends by itself.

  --rounds N    of bare loops and ours (default 3)
  --minutes N   of watching it idle (default 5)
  --help        this
`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench:cluster: ${(error as Error).stack}`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '5' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [rounds, minutes] = [positive('rounds', values.rounds), positive('minutes', values.minutes)];
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const scratch = scratchFolder('kp-bench');
  try {
    const figures = await measure(scratch.path, rounds, minutes);
    printFigures(figures);
    return figures.every(figure => figure.held !== false) ? 0 : 1;
  } finally {
    scratch.remove();
  }
}

async function measure(folder: string, rounds: number, minutes: number): Promise<readonly Figure[]> {
  const bench = await startBenchCluster(folder);
  try {
    return [
      ...(await compareFills(bench, rounds)),
      ...(await measureIdle(bench, minutes)),
      ...(await measureLatency(bench)),
      ...(await measureWipedNode(bench, folder)),
      ...(await measureNewNode(bench)),
    ];
  } finally {
    await bench.close();
  }
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${flag}: expected a positive integer, got ${text}\n\n${HELP}`);
}
