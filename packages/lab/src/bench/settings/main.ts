import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connectCri } from '@kube-prefetch/runtime/connect-cri';
import { assembleImage, compressedBytes, writeLayout } from '../../images/index.ts';
import { runProgram, scratchFolder } from '../../machine/index.ts';
import { type PullSettings, startContainerd } from '../../runtimes/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import { cpuSeconds } from '../process-figures.ts';
import { bigLayer, readFilling } from './big-layer.ts';
import { type PacedRegistry, startPacedRegistry } from './paced-registry.ts';
import { type Conditions, REGISTRIES } from './pull-settings.ts';
import { BARE, type MeasuredRow, settingsTable } from './settings-table.ts';

const HELP = `npm run bench:settings [-- --rounds N] [-- --megabytes N]

Pulls an image of one layer and an image of ten layers over CRI into a fresh containerd 2.4, once with each of some settings in
turn, from a registry on loopback, and from one that sends each connection 90 MB/s at most. Half of what is in the layers is a
program, half cannot be compressed. Says each pull when it is done, and in the end the table of docs/runtime-settings.md.

A round of 2,000 MB is eighteen pulls: about 7 minutes on two idle cores. Needs five times the size of an image in memory and on the
disk, of which nothing is left. All on loopback; ends by itself.

  --rounds N      of all settings (default 1)
  --megabytes N   of each image, compressed (default 2000)
  --help          this`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    megabytes: { type: 'string', default: '2000' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const rounds = positive('--rounds', values.rounds);
const megabytes = positive('--megabytes', values.megabytes);

/** One of the two images, in the registry. */
interface Subject {
  readonly repository: string;
  readonly layers: readonly string[];
}

const PULLS = REGISTRIES.reduce((sum, { settings }) => sum + 2 * (1 + settings.length), 0) * rounds;
let done = 0;

const scratch = scratchFolder('kp-bench');
const startMs = performance.now();
const rows: MeasuredRow[] = [];
try {
  await needUpFront('bench:settings');
  const subjects = [await publish('one', 1), await publish('ten', 10)];
  for (const conditions of REGISTRIES) {
    const registry = await startPacedRegistry(scratch.path, conditions.bytesPerSecond);
    for (const subject of subjects) rows.push(await measure(conditions, registry, subject));
    await registry.stop();
  }
} finally {
  scratch.remove();
}
console.log(`\n${settingsTable(rows)}\nTook ${((performance.now() - startMs) / 60_000).toFixed(1)} minutes.`);

async function publish(repository: string, count: number): Promise<Subject> {
  const node = fileURLToPath(
    new URL(`../../../../../node_modules/node-linux-${process.arch}/bin/node`, import.meta.url),
  );
  const filling = await readFilling(node);
  const each = (megabytes * 1_000_000) / count;
  const layers = Array.from({ length: count }, (_, index) => bigLayer(filling, `${repository}-${index}`, each));
  const image = assembleImage({ layers, config: {} });
  await writeLayout(join(scratch.path, repository), image, 'v1');
  console.log(
    `${count === 1 ? 'one layer' : `${count} layers`}: ${(compressedBytes(image) / 1e6).toFixed(0)} MB compressed`,
  );
  return { repository, layers: layers.map(layer => layer.blob.digest) };
}

async function measure(
  { name: registryName, settings }: Conditions,
  registry: PacedRegistry,
  { repository, layers }: Subject,
): Promise<MeasuredRow> {
  const name = `${registryName}, ${layers.length === 1 ? 'one layer' : 'ten layers'}`;
  const ms = new Map<string, number[]>();
  const add = (column: string, pull: Pull) => {
    ms.set(column, [...(ms.get(column) ?? []), pull.ms]);
    done += 1;
    const cpu = pull.cpuSeconds === undefined ? '' : `; CPU of containerd ${pull.cpuSeconds.toFixed(1)} s`;
    console.log(`${done} of ${PULLS}: ${name}, ${column}: ${(pull.ms / 1_000).toFixed(1)} s${cpu}`);
  };
  for (let round = 1; round <= rounds; round += 1) {
    add(BARE, { ms: await timed(() => registry.read(repository, layers)) });
    for (const setting of settings)
      add(setting.name, await timePull(`${registry.address}/${repository}:v1`, registry.address, setting.pulls));
  }
  return { name, ms };
}

interface Pull {
  readonly ms: number;
  /** Of containerd, which does all of it; whatever else the machine does. */
  readonly cpuSeconds?: number;
}

async function timePull(image: string, registry: string, pulls: PullSettings): Promise<Pull> {
  const node = scratchFolder('kp-node');
  try {
    const dir = join(node.path, 'containerd');
    const containerd = await startContainerd({ dir, version: '2.4', registries: [registry], pulls });
    await runProgram('sync', []); // what others wrote is not what is measured
    const ms = await timed(() => connectCri(containerd.socket).images.pullImage({ image: { image } }));
    const cpu = cpuSeconds(containerd.pid());
    await containerd.stop();
    return { ms, cpuSeconds: cpu };
  } finally {
    node.remove();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`bench:settings: ${flag}: expected a positive integer, got ${text}\n\n${HELP}`);
  process.exit(2);
}
