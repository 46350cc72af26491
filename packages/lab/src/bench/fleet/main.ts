import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../../machine/index.ts';
import { printFigures } from '../print-figures.ts';
import { figuresOf, growth } from './fleet-figures.ts';
import { PLANS } from './fleet-shape.ts';
import { startFleet } from './fleet-system.ts';
import { type FleetFigures, measureFleet } from './measure-fleet.ts';

const HELP = `npm run bench:fleet [-- --nodes N,N --images N --seconds N --rounds N --profile FOLDER --node-flags 'FLAGS']

The coordinator as it ships (the bundle of npm run build, in a process of its own, with its HTTPS listener and
authentication) with thousands of agents. What is not real, and runs in other processes of this machine:

  the API server  a stand-in over HTTP that keeps ${PLANS} pools of nodes, their workloads and ten resources in memory,
                  answers a TokenReview after 10 ms, and renews the status of each Node every five minutes; no pods
  the agents      two processes of them: each has an address, TLS connections and a token of its own, and polls,
                  reports, asks for permits and comes back within 10 s of a lost connection as an agent does; its
                  images are all there from the start, and a pull is a pause of two to five seconds

Everything shares the processors of this machine. All on loopback; ends by itself; leaves nothing.

  --nodes N,N        sizes to measure, one after the other (default 500,1000,5000)
  --images N         on each node (default 200)
  --seconds N        of steady state at each size (default 60)
  --rounds N         of each change (default 3)
  --profile FOLDER   writes CPU profiles of the coordinator and a heap snapshot there
  --node-flags FLAGS for the coordinator's Node, after those that it ships with
  --help             this`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench:fleet: ${(error as Error).stack}`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500,1000,5000' },
      images: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '3' },
      profile: { type: 'string' },
      'node-flags': { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const sizes = values.nodes.split(',').map(text => between('nodes', text, 8, 20_000));
  const images = between('images', values.images, 5, 2_000);
  const steadyMs = between('seconds', values.seconds, 1, 3_600) * 1_000;
  const rounds = between('rounds', values.rounds, 1, 100);
  const measured: FleetFigures[] = [];
  let held = true;
  for (const nodes of sizes) {
    const figures = await measureSize(nodes, {
      images,
      steadyMs,
      rounds,
      profile: values.profile,
      flags: values['node-flags'],
    });
    measured.push(figures);
    const rows = figuresOf(figures);
    printFigures(rows);
    held &&= rows.every(row => row.held !== false);
  }
  if (measured.length > 1) {
    const rows = growth(measured);
    console.log(
      `\nGrowth from ${sizes[0]} to ${sizes.at(-1)} nodes, as the exponent of a fitted power of their number:`,
    );
    printFigures(rows);
    held &&= rows.every(row => row.held !== false);
  }
  return held ? 0 : 1;
}

interface SizeOptions {
  readonly images: number;
  readonly steadyMs: number;
  readonly rounds: number;
  readonly profile: string | undefined;
  readonly flags: string;
}

async function measureSize(
  nodes: number,
  { images, steadyMs, rounds, profile, flags }: SizeOptions,
): Promise<FleetFigures> {
  const scratch = scratchFolder('kp-fleet');
  const startedMs = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  try {
    console.log(
      `\n${nodes} nodes with ${images} images each; ${cpus().length} processors, load ${loadavg()[0]?.toFixed(1)}`,
    );
    const fleet = await startFleet({
      folder: scratch.path,
      nodes,
      images,
      coordinatorFlags: [
        ...flags.split(' ').filter(flag => flag !== ''),
        ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      ],
    });
    try {
      say('the coordinator is ready');
      const figures = await measureFleet(fleet, { steadyMs, rounds, say });
      // Last, because a coordinator that writes its heap stands still for longer than it may lead.
      if (profile !== undefined)
        await fleet.coordinator().ask({ do: 'snapshot', file: join(profile, `${nodes}.heapsnapshot`) });
      return figures;
    } finally {
      await fleet.stop();
    }
  } finally {
    scratch.remove();
  }
}

function between(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${flag}: expected an integer from ${least} to ${most}, got ${text}\n\n${HELP}`);
}
