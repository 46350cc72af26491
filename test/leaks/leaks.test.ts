import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { buildImage, type Image } from '@kube-prefetch/lab/images';
import { type Child, scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { startContainerd, startDockerd, startPodman } from '@kube-prefetch/lab/runtimes';
import type { CellReport, FailureKind, NodeView } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createAgentToken,
  NAMESPACE,
  prepareCluster,
  publishedCa,
  startReplica,
} from '../api-server/start-replicas.ts';
import { linesOf, preparePrograms, type Programs } from '../programs/start-programs.ts';
import { mountSmallDisk } from '../runtime/mount-small-disk.ts';
import { SOON_MS } from '../patience.ts';
import { type Canary, findCanaries, foundCanary } from './canaries.ts';
import { PLACES } from './echoes.ts';
import { type HostileRegistry, startHostileRegistry } from './hostile-registry.ts';
import {
  CANARIES,
  filesIn,
  prefetchesOf,
  publishRows,
  secretsFor,
  SENT,
  writeNodeFiles,
  type Written,
} from './system.ts';

const MIB = 1024 * 1024;
/** Holds the small images of a run, and not the large one. */
const DISK_BYTES = 96 * MIB;
/** What the other kinds say of an image is in our words alone. */
const KINDS: readonly FailureKind[] = [
  'NotFound',
  'NoPlatform',
  'Unauthorized',
  'RateLimited',
  'RegistryUnavailable',
  'DiskFull',
  'Corrupt',
  'NotAnImage',
  'RuntimeUnavailable',
  'Stalled',
];

/** Engines tell the code of an error, here DENIED, and not its status; Docker takes a page for a manifest that it cannot read. */
const UNTOLD_BY_ENGINES: readonly FailureKind[] = ['NotFound', 'RateLimited', 'NotAnImage'];

const scratch = scratchFolder('kp-leaks');
let registry: HostileRegistry;
let containerd: Runtime;

/** What a run pulls with, and kills in the end. */
interface Runtime {
  readonly socket: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  registry = await startHostileRegistry();
  const dir = onSmallDisk('c');
  const started = await startContainerd({ dir, version: 'debian', registries: registry.addresses });
  stops.push(() => started.stop());
  containerd = started;
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await registry?.close();
  scratch.remove();
});

function onSmallDisk(name: string): string {
  const dir = join(scratch.path, name);
  mountSmallDisk(dir, DISK_BYTES);
  return dir;
}

/** An error that nobody awaits, when a signal tells the process to throw it. */
const CRASH = `process.on('SIGUSR2', () => setImmediate(() => { throw new Error('a crash of the test') }))`;
/** The programs as they would be if no text were scrubbed. */
const NO_SCRUBBER = `
  import { registerHooks } from 'node:module';
  const source = 'export const scrub = text => text.slice(0, 1024)';
  registerHooks({ load: (url, context, next) =>
    url.endsWith('/scrub-credentials.ts') ? { format: 'module', shortCircuit: true, source } : next(url, context) });`;

/** A coordinator that runs, however it reads the cluster. */
interface Running {
  readonly coordinator: Child;
  readonly admin: string;
  readonly agentFlags: Readonly<Record<string, string>>;
  readonly apply: (objects: readonly object[]) => Promise<void>;
  /** All that the coordinator has written elsewhere. */
  readonly written: () => Promise<readonly Written[]>;
}

type Start = (dir: string, programs: Programs, options: string) => Promise<Running>;

const onManifests: Start = async (dir, programs, options) => {
  const coordinator = await programs.startCoordinator(['env', `NODE_OPTIONS=${options}`]);
  let files = 0;
  return {
    coordinator,
    admin: programs.admin,
    agentFlags: {},
    apply: async objects => {
      for (const object of objects)
        writeFileSync(join(dir, 'manifests', `${(files += 1)}.yaml`), JSON.stringify(object));
    },
    written: async () => filesIn(join(dir, 'status')),
  };
};

const onApiServer =
  (server: ApiServer): Start =>
  async (dir, _programs, options) => {
    await prepareCluster(server, ['n1']);
    const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    await server.kubectl('patch', 'node', 'n1', '--subresource=status', `--patch=${ready}`);
    await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const replica = await startReplica(server, dir, 'coordinator', { service: 'localhost' }, [
      'env',
      `NODE_OPTIONS=${options}`,
    ]);
    const [caFile, tokenFile] = [join(dir, 'ca.crt'), join(dir, 'token')];
    writeFileSync(caFile, await waitUntil(() => publishedCa(server), 'the authority', SOON_MS));
    writeFileSync(tokenFile, await createAgentToken(server, 'n1'));
    const port = new URL(`https://${replica.agents}`).port;
    return {
      coordinator: replica.child,
      admin: replica.admin,
      agentFlags: { coordinator: `https://localhost:${port}`, 'ca-file': caFile, 'token-file': tokenFile },
      apply: async objects => void (await server.apply(objects.filter(object => !isRefused(object)))),
      async written() {
        const kinds = [
          'prefetches',
          'clusterprefetches',
          'events',
          'events.events.k8s.io',
          'nodes',
          'leases',
          'configmaps',
          'pods',
        ];
        const dump = (kind: string) => server.kubectl('get', kind, '--all-namespaces', '--output=yaml');
        return Promise.all(kinds.map(async kind => ({ from: kind, text: await dump(kind) })));
      },
    };
  };

/** The API server takes no Secret of a docker config whose JSON is cut, or that has none. */
function isRefused(object: object): boolean {
  const { kind, metadata } = object as { readonly kind: string; readonly metadata: { readonly name: string } };
  return kind === 'Secret' && ['cut', 'type'].includes(metadata.name);
}

/** Both programs through all rows, a full disk, a runtime that dies, and a crash of their own; answers all that they wrote and served. */
async function drive(
  run: string,
  share: 0 | 1,
  start: Start,
  { runtime = containerd, modules = [] }: { readonly runtime?: Runtime; readonly modules?: readonly string[] } = {},
) {
  const dir = join(scratch.path, run);
  const programs = await preparePrograms(dir, runtime.socket);
  const options = [...modules, CRASH]
    .map(module => `--import=data:text/javascript,${encodeURIComponent(module)}`)
    .join(' ');
  const { coordinator, admin, agentFlags, apply, written } = await start(dir, programs, options);
  const rows = publishRows(registry, run, share);
  await apply([...secretsFor(registry.addresses), ...prefetchesOf(rows)]);
  const nodeFiles = join(dir, 'node');
  mkdirSync(nodeFiles);
  const agent = await programs.startAgent(
    {
      ...agentFlags,
      ...writeNodeFiles(nodeFiles, registry.addresses),
      'parallel-pulls': '6',
      'stall-timeout': '5s',
      'disk-max-used-percent': '100',
    },
    ['env', `NODE_OPTIONS=${options}`],
  );

  const cells = async () => {
    const view = (await (await fetch(`${admin}/v1/nodes/n1`)).json()) as NodeView;
    return new Map(view.images.flatMap(({ image, cell }) => (cell === undefined ? [] : [[image, cell] as const])));
  };
  /** Until each has been seen so once: what failed is soon tried again. */
  const until = (images: readonly string[], fits: (cell: CellReport) => boolean, what: string) => {
    const left = new Set(images);
    const look = async () => {
      for (const [image, cell] of await cells()) if (fits(cell)) left.delete(image);
      return left.size === 0;
    };
    return waitUntil(look, what, SOON_MS, { child: agent.child });
  };
  const hasFailed = ({ state }: CellReport) => state === 'Failed';
  const isTried = (cell: CellReport) =>
    cell.state === 'Present' || hasFailed(cell) || cell.waitingBecause?.includes('plugin hangs') === true;
  await until(
    rows.map(({ image }) => image),
    isTried,
    'all images to have been tried',
  );

  // What takes the others with it comes last.
  const last = async (name: string, contents: Image, place?: keyof typeof PLACES) => {
    const hostile =
      place === undefined ? undefined : { place: PLACES[place] as (typeof PLACES)[string], echo: () => 'x' };
    registry.publish(`pair/${run}${name}`, contents, hostile);
    const image = `${registry.addresses.at(-1)}/pair/${run}${name}:1`;
    const spec = { images: [image], imagePullSecrets: [{ name: 'pair' }] };
    await apply([
      { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'Prefetch', metadata: { namespace: 'shop', name }, spec },
    ]);
    return image;
  };
  // A condition that turns is what events tell.
  await until([await last('plain', buildImage({ sizeMiB: 1 }))], ({ state }) => state === 'Present', 'a plain image');
  // Small until it is unpacked: what is too large to be downloaded is not begun.
  const zeros = buildImage({ files: [{ path: 'zeros', contents: Buffer.alloc(2 * DISK_BYTES) }] });
  await until([await last('large', zeros)], hasFailed, 'the disk to be full');
  const slow = await last('slow', buildImage({ sizeMiB: 1 }), 'a layer that never ends');
  await until([slow], ({ state }) => state === 'Pulling', 'a pull to run');
  await runtime.kill();
  const kinds = () => new Set(agent.logged('pull failed').map(({ kind }) => kind));
  await waitUntil(async () => kinds().has('RuntimeUnavailable'), 'the pull to fail with its runtime', SOON_MS);

  const all: Written[] = [...(await written()), ...filesIn(join(dir, 'state'))];
  const look = async (from: string, url: string) => void all.push({ from, text: await (await fetch(url)).text() });
  const listening = linesOf(coordinator.logFile).filter(({ msg }) => msg === 'listening');
  const ops = listening.find(({ listener }) => listener === 'ops')?.['address'] as string;
  for (const path of ['metrics', 'readyz']) {
    await look(`/${path} of the coordinator`, `${ops}/${path}`);
    await look(`/${path} of the agent`, `${await agent.ops()}/${path}`);
  }
  for (const path of ['overview', 'nodes/n1', ...rows.map(({ image }) => `images/${encodeURIComponent(image)}`)])
    await look(`view ${path}`, `${admin}/v1/${path}`);
  for (const child of [agent.child, coordinator]) process.kill(child.pid, 'SIGUSR2');
  expect(await Promise.all([agent.child.exited, coordinator.exited])).toMatchObject([{ code: 1 }, { code: 1 }]);
  for (const child of [agent.child, coordinator]) {
    const text = readFileSync(child.logFile, 'utf8');
    expect(text).toContain('a crash of the test');
    all.push({ from: `log of the ${child.name}`, text });
  }
  await runtime.start();
  const heard = registry.heard.join('\n');
  return {
    written: all,
    unheard: SENT.filter(kind => !findCanaries(heard, CANARIES).includes(kind)),
    unseen: KINDS.filter(kind => !kinds().has(kind)),
  };
}

/** By where it was found; each line once. */
function leaksIn(written: readonly Written[], canaries: readonly Canary[]): readonly string[] {
  const length = written.reduce((sum, { text }) => sum + text.length, 0);
  process.stdout.write(
    `leaks: ${length} characters in ${written.length} texts are searched for ${canaries.length} secrets\n`,
  );
  return written.flatMap(({ from, text }) =>
    text
      .split('\n')
      .flatMap(line => findCanaries(line, canaries).map(kind => `${from}: ${kind}: ${line.slice(0, 1_500)}`)),
  );
}

test('whatever a registry repeats and whatever plugins say, no credential is written anywhere', async () => {
  const { written, unheard, unseen } = await drive('manifests', 0, onManifests);
  expect({ leaks: leaksIn(written, CANARIES), unheard, unseen }).toEqual({ leaks: [], unheard: [], unseen: [] });
});

test('on a real API server it is not in statuses and events either, nor is what the programs prove themselves with', async () => {
  const server = await startApiServer({ folder: join(scratch.path, 'api') });
  try {
    const { written, unheard, unseen } = await drive('api', 1, onApiServer(server));
    const key = await server.kubectl(
      'get',
      'secret',
      'ca',
      `--namespace=${NAMESPACE}`,
      '--output=jsonpath={.data.tls\\.key}',
    );
    const [, middle = ''] = Buffer.from(key, 'base64').toString().split('\n');
    const token = readFileSync(join(scratch.path, 'api', 'token'), 'utf8');
    const own = [
      foundCanary('key of the authority', middle),
      foundCanary('token of the agent', token.split('.')[2] ?? ''),
    ];
    const leaks = leaksIn(written, [...CANARIES, ...own]);
    expect({ leaks, unheard, unseen }).toEqual({ leaks: [], unheard: [], unseen: [] });
    expect(written.find(({ from }) => from === 'events')?.text).toContain('kind: Event');
  } finally {
    await server.close();
  }
});

// At the same time: each waits for its registry most of the time.
test.concurrent.each([
  ['dockerd', () => startDockerd({ dir: onSmallDisk('d'), registries: registry.addresses, maxDownloadAttempts: 1 })],
  ['podman', () => startPodman({ dir: onSmallDisk('p'), registries: registry.addresses, hubMirror: 'localhost:1' })],
])('what %s says of such answers holds none either', async (name, begin) => {
  const runtime = await begin();
  stops.push(() => runtime.close());
  const { written, unheard, unseen } = await drive(name, 1, onManifests, { runtime });
  const missed = unseen.filter(kind => !UNTOLD_BY_ENGINES.includes(kind));
  expect({ leaks: leaksIn(written, CANARIES), unheard, missed }).toEqual({ leaks: [], unheard: [], missed: [] });
});

test('if nothing hid credentials, the same run would find them in logs, views and statuses', async () => {
  const { written } = await drive('bare', 0, onManifests, { modules: [NO_SCRUBBER] });
  const leaks = leaksIn(written, CANARIES);
  process.stdout.write(`leaks: without the scrubber ${leaks.length} lines hold a canary\n`);
  expect(leaks.length).toBeGreaterThan(100);
  const places = ['log of the agent: ', 'view nodes/n1: ', 'view images/', 'ClusterPrefetch.'];
  expect(places.filter(place => !leaks.some(leak => leak.startsWith(place)))).toEqual([]);
});
