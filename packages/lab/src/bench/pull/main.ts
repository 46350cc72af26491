import process from 'node:process';
import { scratchFolder } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { compareFills } from './compare-fills.ts';
import { measureIdle } from './measure-idle.ts';
import { measureStart } from './measure-start.ts';
import { type Figure, printFigures } from '../print-figures.ts';
import { startBenchNode } from './bench-node.ts';

const HELP = `npm run bench:pull [-- --rounds N] [-- --seconds N]

Pulls ten images (8 of 20 MB, 2 of 60 MB) into a real containerd from a real registry: once by a bare loop over CRI, once
because a manifest asks for them, in turn, and compares. Then watches the agent idle, and measures how soon a saved manifest
starts a pull. All on loopback; ends by itself.

  --rounds N    of bare loop and ours, at each parallelism (default 5)
  --seconds N   of watching the idle agent, each time (default 60)`;

const rounds = numberAfter('--rounds', 5);
const idleSeconds = numberAfter('--seconds', 60);
if (process.argv.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}

const scratch = scratchFolder('kp-bench');
const figures: Figure[] = [];
try {
  await needUpFront('bench:pull');
  const bench = await startBenchNode(scratch.path);
  for (const parallel of [1, 3]) figures.push(...(await compareFills(bench, parallel, rounds)));
  figures.push(...(await measureIdle(bench, idleSeconds)));
  figures.push(...(await measureStart(bench)));
  await bench.stop();
} finally {
  scratch.remove();
}
printFigures(figures);
process.exitCode = figures.every(figure => figure.held !== false) ? 0 : 1;

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  const value = at === -1 ? otherwise : Number(process.argv[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`bench:pull: ${flag}: expected a positive integer, got ${process.argv[at + 1]}\n\n${HELP}`);
  process.exit(2);
}
