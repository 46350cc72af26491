import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Fixture, NODES, PATIENCE, PLAIN, RELEASE, conditionOf, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch } from '../objects.ts';
import { processOf } from '../process-of.ts';
import type { WarmImages } from './warm.ts';

const MIB = 1024 * 1024;
/** A fast machine pulls no 200 MiB in it. */
const SERVES_MS = 50;

/** By this machine's clock. */
export interface Away {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Answers when the API server was away. */
export function survivesFailures(here: () => Fixture, publish: () => Publisher, warm: () => WarmImages): () => Away {
  let away: Away | undefined;

  test('the leader is killed in mid-pull: another term begins, and no node downloads anything twice', async () => {
    const fixture = here();
    const { cluster, untilHeld } = fixture;
    const before = await lease(fixture);
    const image = await pullHalfOf(fixture, publish(), 'killed/leader');
    process.kill(await processOf(fixture, before.spec.holderIdentity), 'SIGKILL');
    // The other replica's, or that of the same pod when its container is back before the lease ends.
    await until('another term', async () => {
      const { holderIdentity, leaseTransitions } = (await lease(fixture)).spec;
      return holderIdentity !== '' && leaseTransitions > before.spec.leaseTransitions;
    });
    cluster.registry.resume();
    await untilHeld(NODES, [image]);
    await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/half', `--timeout=${PATIENCE}`);
    expect(downloadsOf(fixture, 'killed/leader')).toBe(NODES.length);
    await cluster.kubectl(
      'rollout',
      'status',
      `deployment/${RELEASE}-coordinator`,
      `-n=${RELEASE}`,
      `--timeout=${PATIENCE}`,
    );
    await cluster.kubectl('delete', 'cpf', 'half');
  });

  test('an agent is killed in mid-pull: its successor pulls, and the others are not disturbed', async () => {
    const fixture = here();
    const { cluster, untilHeld } = fixture;
    const image = await pullHalfOf(fixture, publish(), 'killed/agent');
    const pods = ['pods', `-n=${RELEASE}`, '-l=app.kubernetes.io/component=agent'];
    const { items } = await fixture.get(...pods, `--field-selector=spec.nodeName=${cluster.node(PLAIN).name}`);
    process.kill(await processOf(fixture, items[0]?.metadata.name ?? ''), 'SIGKILL');
    cluster.registry.resume();
    await untilHeld(NODES, [image]);
    await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/half', `--timeout=${PATIENCE}`);
    // One download for each of the others, and for this node what its first agent had begun as well.
    expect(downloadsOf(fixture, 'killed/agent')).toBeLessThanOrEqual(NODES.length + 1);
    await cluster.kubectl('delete', 'cpf', 'half');
  });

  test('the API server is away for a minute: what was warm is called warm throughout, and nothing is pulled again', async () => {
    const fixture = here();
    const { cluster, status, untilHeld } = fixture;
    const before = await status('cpf', 'base');
    const warmBefore = conditionOf(before, 'Warm');
    const requests = cluster.registry.requestLog().length;
    const fromMs = Date.now();
    await cluster.apiServer.stop();
    await sleep(60_000);
    await cluster.apiServer.start();
    away = { fromMs, untilMs: Date.now() };
    await until('a leader again', async () => (await lease(fixture)).spec.holderIdentity !== '');
    const image = await publish().image('after/outage', '1');
    await cluster.apply(clusterPrefetch('after', { images: [image], nodes: { placement: 'All' } }));
    await untilHeld(NODES, [image]);
    await untilHeld(NODES, warm().everywhere);
    // Its nodes may be called not Ready for a while: that changes what counts and says so, but takes nothing back.
    expect(conditionOf(await status('cpf', 'base'), 'Warm')).toEqual({ ...warmBefore, message: expect.any(String) });
    await cluster.kubectl('wait', '--for=condition=Ready', 'nodes', '--all', `--timeout=${PATIENCE}`);
    await until('all to count again', async () => (await status('cpf', 'base'))?.warm === before?.warm);
    expect(conditionOf(await status('cpf', 'base'), 'Warm')).toEqual(warmBefore);
    const asked = cluster.registry.requestLog().slice(requests);
    expect(asked.filter(({ path }) => !path.includes('/after/outage/'))).toEqual([]);
    await cluster.kubectl('delete', 'cpf', 'after');
  });

  return () => away as Away;
}

interface Lease {
  readonly spec: { readonly holderIdentity: string; readonly leaseTransitions: number };
}

function lease(fixture: Fixture): Promise<Lease> {
  return fixture.get<Lease>('lease', `${RELEASE}-coordinator`, `-n=${RELEASE}`);
}

/**
 * A large image wanted everywhere; the registry hangs once a node has received a part of it. Until then it serves for a moment before
 * each look, so that none comes too late.
 */
async function pullHalfOf(fixture: Fixture, publish: Publisher, name: string): Promise<string> {
  const { cluster } = fixture;
  const image = await publish.image(name, '1', { sizeMiB: 200 });
  await cluster.apply(clusterPrefetch('half', { images: [image], nodes: { placement: 'All' } }));
  const incoming = join(cluster.node(PLAIN).dir, 'lib/containerd/io.containerd.content.v1.content/ingest');
  await until('a part of the image', async () => {
    cluster.registry.resume();
    await sleep(SERVES_MS);
    cluster.registry.pause();
    return (await sizeOf(incoming)) > MIB;
  });
  return image;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile() && entry.name === 'data');
  const sizes = files.map(async file => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}

/** Of its largest layer: requests for blobs are one for each of layers and config. */
function downloadsOf({ cluster }: Fixture, name: string): number {
  const blobs = cluster.registry.requestLog().filter(({ path }) => path.startsWith(`/v2/${name}/blobs/`));
  const counts = Map.groupBy(blobs, ({ path }) => path);
  return Math.max(...[...counts.values()].map(requests => requests.length));
}
