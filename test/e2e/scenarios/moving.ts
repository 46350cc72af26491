import { expect, test } from 'vitest';
import { type Fixture, NEWER, PATIENCE, PLAIN, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch } from '../objects.ts';

const NAME = 'moving';
const ON = [PLAIN, NEWER];
const INTERVAL_MS = 10_000;

export function followsTags(here: () => Fixture, publish: () => Publisher): void {
  test('a tag that moves in the registry is pulled again on every node, and one node has asked for all', async () => {
    const { cluster, idOf, get } = here();
    const image = await publish().image(NAME, 'latest');
    const refresh = { policy: 'Always', interval: `${INTERVAL_MS / 1_000}s` };
    await cluster.apply(clusterPrefetch(NAME, { images: [image], refresh, pull: { maxConcurrentNodes: 1 } }));
    const untilWarm = () => cluster.kubectl('wait', '--for=condition=Warm', `cpf/${NAME}`, `--timeout=${PATIENCE}`);
    await untilWarm();
    const ids = () => Promise.all(ON.map(node => idOf(node, image)));
    const before = await ids();
    const from = cluster.registry.requestLog().length;
    const fromMs = Date.now();
    await publish().image(NAME, 'latest');
    await until('the new contents on all nodes', async () => (await ids()).every((id, n) => id && id !== before[n]));
    // Of one node: one for each interval, however long that took, one that began before, and one that ends it.
    const most = 2 + Math.floor((Date.now() - fromMs) / INTERVAL_MS);
    const asked = cluster.registry
      .requestLog()
      .slice(from)
      .filter(({ path }) => path.endsWith(`/${NAME}/manifests/latest`));
    const by = (program: string) => asked.filter(request => request.by.startsWith(program)).length;
    expect([by('kube-prefetch'), by('containerd')]).toEqual([expect.toSatisfy(looks => looks <= most), ON.length]);
    const reasons = async () => {
      const events = await get('events', '-n=default', `--field-selector=involvedObject.name=${NAME}`);
      return events.items.map(({ reason }) => reason);
    };
    await until('an event that it was not warm', async () => (await reasons()).includes('Pulling'));
    await untilWarm();
    await cluster.kubectl('delete', 'cpf', NAME);
  });
}
