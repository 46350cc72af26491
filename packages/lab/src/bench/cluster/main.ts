import process from 'node:process';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { type Figure, printFigures } from '../print-figures.ts';
import { type BenchCluster, startBenchCluster } from './bench-cluster.ts';
import { compareFills } from './compare-fills.ts';
import { measureIdle } from './measure-idle.ts';
import { measureLatency } from './measure-latency.ts';
import { measureNewNode } from './measure-new-node.ts';
import { measureWipedNode } from './measure-wiped-node.ts';

const HELP = `npm run bench:cluster [-- [STEP...] [--rounds N] [--minutes N]]

Starts a real cluster of three nodes on this machine, installs the chart with images of this checkout, and measures. Root on
Debian; nothing leaves the machine; ends by itself. Without a STEP all of them:

  fills    three nodes with ten images (8 of 20 MB, 2 of 60 MB) against bare loops over CRI on the same nodes, in turn;
           the same from a registry that wants a password; writes to the API server meanwhile
  idle     writes and registry requests while everything is warm; memory of the processes in the pods
  change   how soon a Deployment's new image is asked for
  wipe     a node whose images are deleted, beside a bare loop on it, and what is said of it meanwhile
  join     a node that joins

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
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '5' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const scratch = scratchFolder('kp-bench');
  try {
    const steps = chooseSteps(positionals, {
      fills: bench => compareFills(bench, positive('rounds', values.rounds)),
      idle: bench => measureIdle(bench, positive('minutes', values.minutes)),
      change: measureLatency,
      wipe: bench => measureWipedNode(bench, scratch.path),
      join: measureNewNode,
    });
    await needUpFront('bench:cluster');
    const figures = await measure(scratch.path, steps);
    printFigures(figures);
    return figures.every(figure => figure.held !== false) ? 0 : 1;
  } finally {
    scratch.remove();
  }
}

type Step = (bench: BenchCluster) => Promise<readonly Figure[]>;

function chooseSteps(names: readonly string[], steps: Readonly<Record<string, Step>>): readonly [string, Step][] {
  const unknown = names.find(name => !(name in steps));
  if (unknown !== undefined) throw new Error(`expected ${Object.keys(steps).join(', ')}, got ${unknown}\n\n${HELP}`);
  return Object.entries(steps).filter(([name]) => names.length === 0 || names.includes(name));
}

async function measure(folder: string, steps: readonly [string, Step][]): Promise<readonly Figure[]> {
  const bench = await startBenchCluster(folder);
  try {
    const figures: Figure[] = [];
    for (const [name, step] of steps) {
      console.log(`measuring ${name}`);
      figures.push(...(await step(bench)));
    }
    return figures;
  } finally {
    await bench.close();
  }
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${flag}: expected a positive integer, got ${text}\n\n${HELP}`);
}
