import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pushImage, type Registry, startRegistry } from '@kube-prefetch/lab/debian-registry';
import { buildImage } from '@kube-prefetch/lab/images';
import { type Child, scratchFolder, THIS_MACHINE, waitUntil } from '@kube-prefetch/lab/machine';
import { type Containerd, type PeerMirror, startContainerd, startPeerMirror } from '@kube-prefetch/lab/runtimes';
import type { CellReport, NodeView, Overview } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { type Programs, preparePrograms } from './start-programs.ts';

/** Both programs on three real containerd, with a docker-registry whose log says who asked it for what. */
const NODES = ['n1', 'n2', 'n3'] as const;
const addressOf = (node: string) => `127.0.0.1${node.slice(1)}`;
const INTERVAL_S = 20;
const TAGS = ['a', 'b', 'c', 'd', 'e'].map(name => `move/${name}`);
const [MOVED = ''] = TAGS;

const scratch = scratchFolder('kp-refresh');
const children: Child[] = [];
const mirrors: PeerMirror[] = [];
const containerds = new Map<string, Containerd>();
let registry: Registry;
let programs: Programs;

beforeAll(async () => {
  registry = await startRegistry({ dir: join(scratch.path, 'r') });
  for (const node of NODES) {
    const options = { dir: join(scratch.path, node), version: '2.4' as const, registries: [registry.address] };
    containerds.set(node, await startContainerd(options));
  }
  programs = await preparePrograms(join(scratch.path, 'p'), containerds.get('n1')?.socket ?? '');
  for (const name of NODES)
    writeFileSync(
      join(programs.manifests, `${name}.yaml`),
      `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nstatus: {conditions: [{type: Ready, status: "True"}]}\n`,
    );
  writeFileSync(join(programs.manifests, 'node.yaml'), '');
  for (const tag of TAGS) await publish(tag, 'first');
  const images = TAGS.map(imageOf);
  const spec = { images, refresh: { policy: 'Always', interval: `${INTERVAL_S}s` } };
  writeFileSync(
    join(programs.manifests, 'prefetch.yaml'),
    `apiVersion: kube-prefetch.io/v1alpha1\nkind: ClusterPrefetch\nmetadata: {name: base}\nspec: ${JSON.stringify(spec)}\n`,
  );
  children.push(await programs.startCoordinator([], { 'refresh-min-interval': '5s' }));
  for (const node of NODES) {
    const { child } = await programs.startAgent({
      node,
      'runtime-socket': containerds.get(node)?.socket ?? '',
      'state-dir': join(scratch.path, node, 'agent'),
      'registry-certs-dir': join(scratch.path, node, 'certs.d'),
    });
    children.push(child);
  }
  await everywhere(cells => cells.every(({ state }) => state === 'Present'), 'present');
});
afterAll(async () => {
  await Promise.all(children.map(child => child.kill()));
  await Promise.all(mirrors.map(mirror => mirror.stop()));
  await Promise.all([...containerds.values()].map(containerd => containerd.stop()));
  await registry?.stop();
  scratch.remove();
});

const imageOf = (repository: string) => `${registry.address}/${repository}:latest`;
const publish = (repository: string, contents: string) =>
  pushImage(
    registry.address,
    repository,
    'latest',
    buildImage({ files: [{ path: 'x', contents: Buffer.from(`${repository} ${contents}`) }], sizeMiB: 1 }),
  );
const read = async <T>(path: string) => (await (await fetch(`${programs.admin}${path}`)).json()) as T;
const overview = () => read<Overview>('/v1/overview');
const status = async () => (await overview()).resources[0]?.status;

/** What runtimes and agents asked the registry about the tags since `from`, HEAD of a manifest each. */
const headsBy = (program: string, from: number, repository = '') =>
  registry
    .requestLog()
    .slice(from)
    .filter(({ method, path, by }) => {
      const isHead = method === 'HEAD' && path.includes('/manifests/latest') && path.includes(`/${repository}`);
      return isHead && by.startsWith(program);
    });

/** Waits until it is so of the cells of the moved image, or of all images, on the three nodes. */
async function everywhere(fits: (cells: readonly CellReport[]) => boolean, what: string): Promise<void> {
  await waitUntil(
    async () => {
      const views = await Promise.all(NODES.map(node => read<NodeView>(`/v1/nodes/${node}`)));
      const cells = views.flatMap(({ images }) => images.flatMap(({ cell }) => cell ?? []));
      return cells.length === NODES.length * TAGS.length && fits(cells);
    },
    `all cells to be ${what}`,
    SOON_MS,
  );
}

const contents = (digest: string) => (cells: readonly CellReport[]) =>
  cells
    .filter(({ image }) => image === imageOf(MOVED))
    .every(cell => cell.state === 'Present' && cell.digests?.some(text => text.endsWith(digest)));

test('each tag costs the registry one request an interval, whatever the number of nodes', async () => {
  const from = registry.requests();
  const seconds = 2.5 * INTERVAL_S;
  await sleep(seconds * 1_000);
  const counts = TAGS.map(tag => headsBy('kube-prefetch', from, tag).length);
  console.log(`in ${seconds} s, with an interval of ${INTERVAL_S} s, tags were looked up ${counts.join(', ')} times`);
  for (const count of counts) expect([1, 2, 3]).toContain(count);
  expect(registry.requests() - from).toBe(counts.reduce((sum, count) => sum + count, 0));
});

test('a tag that moved becomes stale, and is pulled again on every node, also with a mirror between them', async () => {
  for (const node of NODES) {
    const mirror = await startPeerMirror({
      name: node,
      dir: join(scratch.path, node),
      prefix: THIS_MACHINE,
      socket: containerds.get(node)?.socket ?? '',
      address: addressOf(node),
      peers: NODES.filter(other => other !== node).map(addressOf),
    });
    mirrors.push(mirror);
    mirror.standBefore(registry.address, ['pull']);
  }
  const digest = await publish(MOVED, 'second');
  const from = registry.requests();
  const seen = new Set<string>();
  await everywhere(cells => {
    for (const { image, state } of cells) if (image === imageOf(MOVED)) seen.add(state);
    return contents(digest)(cells);
  }, digest);
  console.log('states on the way:', [...seen].join(', '));
  expect([...seen]).toContain('Stale');
  expect(headsBy('containerd', from, MOVED).length).toBe(NODES.length);
  for (const containerd of containerds.values())
    expect(await containerd.ctr('images', 'ls', `name==${imageOf(MOVED)}`)).toContain(digest);
});

test('where a mirror between nodes answers for tags, the look goes past it, and nodes that get old contents say so', async () => {
  for (const mirror of mirrors) mirror.standBefore(registry.address);
  const from = registry.requests();
  const digest = await publish(MOVED, 'third');
  await everywhere(
    cells => cells.filter(({ failure }) => failure?.kind === 'Outdated').length === NODES.length,
    'Outdated where it moved',
  );
  const { looks } = await overview();
  expect(looks.find(({ image }) => image === imageOf(MOVED))?.digest).toBe(digest);
  expect(headsBy('kube-prefetch', from, MOVED).length).toBeGreaterThan(0);
  expect(headsBy('containerd', from, MOVED)).toEqual([]);
  // Counts are written every five seconds.
  const told = await waitUntil(
    async () => {
      const now = await status();
      return now?.failures[0]?.nodes === NODES.length && now;
    },
    'the status to tell it',
    SOON_MS,
  );
  expect(told.failures[0]).toMatchObject({ image: imageOf(MOVED), reason: 'Outdated' });
  expect([told.warm, told.summary.stale]).toEqual(['12/15', 3]);
  for (const mirror of mirrors) mirror.standBefore(registry.address, ['pull']);
  const last = await publish(MOVED, 'fourth');
  await everywhere(contents(last), last);
  await waitUntil(async () => (await status())?.warm === '15/15', 'all to be warm', SOON_MS);
});
