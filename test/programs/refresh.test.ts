import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pushImage, type Registry, startRegistry } from '@kube-prefetch/lab/debian-registry';
import { buildImage, buildIndex } from '@kube-prefetch/lab/images';
import { type Child, scratchFolder, THIS_MACHINE, waitUntil } from '@kube-prefetch/lab/machine';
import {
  type Containerd,
  type PeerMirror,
  startContainerd,
  startDockerd,
  startPeerMirror,
  startPodman,
} from '@kube-prefetch/lab/runtimes';
import type { CellReport, NodeView, Overview } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { type Programs, preparePrograms } from './start-programs.ts';

/** Both programs on three real containerd, a dockerd and a podman, with a docker-registry whose log says who asked it for what. */
const ON_CONTAINERD = ['n1', 'n2', 'n3'] as const;
const NODES = [...ON_CONTAINERD, 'docker', 'podman'] as const;
const addressOf = (node: string) => `127.0.0.1${node.slice(1)}`;
const INTERVAL_S = 10;
const TAGS = ['a', 'b', 'c', 'd', 'e'].map(name => `move/${name}`);
const [MOVED = '', ...STILL] = TAGS;

const scratch = scratchFolder('kp-refresh');
const children: Child[] = [];
const mirrors: PeerMirror[] = [];
const containerds = new Map<string, Containerd>();
const engines: { readonly close: () => Promise<void> }[] = [];
let registry: Registry;
let programs: Programs;
/** From when on nothing but looks is asked of tags that stay. */
let settled: { readonly requests: number; readonly atMs: number };

beforeAll(async () => {
  registry = await startRegistry({ dir: join(scratch.path, 'r') });
  const registries = [registry.address];
  const dirOf = (node: string) => join(scratch.path, node);
  const started = ON_CONTAINERD.map(async node => {
    containerds.set(node, await startContainerd({ dir: dirOf(node), version: '2.4', registries }));
  });
  const docker = startDockerd({ dir: dirOf('docker'), registries });
  const podman = startPodman({ dir: dirOf('podman'), registries, hubMirror: registry.address });
  for (const engine of [docker, podman]) engines.push(await engine);
  await Promise.all(started);
  const sockets: Readonly<Record<string, string>> = { docker: (await docker).socket, podman: (await podman).socket };
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
      'runtime-socket': containerds.get(node)?.socket ?? sockets[node] ?? '',
      'state-dir': join(dirOf(node), 'agent'),
      ...(containerds.has(node) && { 'registry-certs-dir': join(dirOf(node), 'certs.d') }),
    });
    children.push(child);
  }
  await everywhere(cells => cells.every(({ state }) => state === 'Present'), 'present');
  settled = { requests: registry.requests(), atMs: performance.now() };
});
afterAll(async () => {
  await Promise.all(children.map(child => child.kill()));
  await Promise.all(mirrors.map(mirror => mirror.stop()));
  await Promise.all([...[...containerds.values()].map(each => each.stop()), ...engines.map(each => each.close())]);
  await registry?.stop();
  scratch.remove();
});

const imageOf = (repository: string) => `${registry.address}/${repository}:latest`;
const PLATFORMS = ['linux/s390x', `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`];
/** An index of two platforms, as most images are. */
const publish = (repository: string, contents: string, sizeMiB = 0.5) => {
  const files = [{ path: 'x', contents: Buffer.from(`${repository} ${contents}`) }];
  const images = PLATFORMS.map(platform => ({ platform, image: buildImage({ files, sizeMiB, platform }) }));
  return pushImage(registry.address, repository, 'latest', buildIndex(images));
};
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

/** Waits until it is so of the cells of the moved image, or of all images, on all nodes. */
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

test('a tag that moved becomes stale, and is pulled again on every node, also with a mirror between them', async () => {
  for (const node of ON_CONTAINERD) {
    const mirror = await startPeerMirror({
      name: node,
      dir: join(scratch.path, node),
      prefix: THIS_MACHINE,
      socket: containerds.get(node)?.socket ?? '',
      address: addressOf(node),
      peers: ON_CONTAINERD.filter(other => other !== node).map(addressOf),
    });
    mirrors.push(mirror);
    mirror.standBefore(registry.address, ['pull']);
  }
  const from = registry.requests();
  // Of some size: a cell is told to be stale for as long as its pull takes, a second at most.
  const digest = await publish(MOVED, 'second', 40);
  const seen = new Set<string>();
  await everywhere(cells => {
    for (const { image, state } of cells) if (image === imageOf(MOVED)) seen.add(state);
    return contents(digest)(cells);
  }, digest);
  console.log('states on the way:', [...seen].join(', '));
  expect([...seen]).toContain('Stale');
  expect(headsBy('containerd', from, MOVED).length).toBe(ON_CONTAINERD.length);
  for (const containerd of containerds.values())
    expect(await containerd.ctr('images', 'ls', `name==${imageOf(MOVED)}`)).toContain(digest);
});

test('where a mirror between nodes answers for tags, the look goes past it, and nodes that get old contents say so', async () => {
  for (const mirror of mirrors) mirror.standBefore(registry.address);
  const from = registry.requests();
  const digest = await publish(MOVED, 'third');
  await everywhere(
    cells => cells.filter(({ failure }) => failure?.kind === 'Outdated').length === ON_CONTAINERD.length,
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
      const isTold = now?.failures[0]?.nodes === ON_CONTAINERD.length && now.summary.stale === 3;
      return isTold && now.warm === '22/25' && now;
    },
    'the status to tell it',
    SOON_MS,
  );
  expect(told.failures[0]).toMatchObject({ image: imageOf(MOVED), reason: 'Outdated' });
  for (const mirror of mirrors) mirror.standBefore(registry.address, ['pull']);
  const last = await publish(MOVED, 'fourth');
  await everywhere(contents(last), last);
  await waitUntil(async () => (await status())?.warm === '25/25', 'all to be warm', SOON_MS);
});

test('each tag that stays costs the registry one request an interval, whatever the number of nodes', async () => {
  const since = () => registry.requestLog().slice(settled.requests);
  const askedFor = (tag: string) => since().filter(({ path }) => path.includes(`/${tag}/`));
  await waitUntil(() => STILL.every(tag => askedFor(tag).length >= 2), 'each to be looked up twice', SOON_MS);
  const seconds = (performance.now() - settled.atMs) / 1_000;
  const asked = STILL.map(askedFor);
  const counts = asked.map(({ length }) => length).join(', ');
  console.log(`in ${Math.round(seconds)} s, with an interval of ${INTERVAL_S} s, ${counts} requests for each tag`);
  for (const requests of asked) {
    // One of a turn before, and one of a turn that is not over.
    expect(requests.length).toBeLessThanOrEqual(seconds / INTERVAL_S + 2);
    for (const { method, path, by } of requests)
      expect([method, path, by]).toEqual(['HEAD', expect.stringMatching('/manifests/latest$'), 'kube-prefetch']);
  }
});
