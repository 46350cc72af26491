import { expect, test } from 'vitest';
import { type Fixture, NEWER, NODES, PATIENCE, PLAIN, TAINTED, conditionOf, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch, deployment, namespace, prefetch } from '../objects.ts';

const TOLERATES = { tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }] };
const FOR_WEB = { nodeSelector: { pool: 'web' } };

/** What the later scenarios go on with. */
export interface WarmImages {
  readonly web: string;
  readonly everywhere: readonly string[];
}

export function warms(here: () => Fixture, publish: () => Publisher): () => WarmImages {
  let images: WarmImages | undefined;

  test('images of workloads and images named outright become warm where their pods may run, and nowhere else', async () => {
    const { cluster, untilHeld, holds } = here();
    const image = publish();
    const [web, tools, gpu, pay, outright, pinned] = [
      await image.image('shop/web', '1'),
      await image.image('shop/tools', '1'),
      await image.image('shop/gpu', '1'),
      await image.digest('billing/pay'),
      await image.image('base/outright', '1'),
      await image.tagAndDigest('base/pinned', '1'),
    ];
    const initContainers = [{ name: 'init', image: tools }];
    await cluster.apply([namespace('shop'), namespace('billing')]);
    await cluster.apply([
      deployment('shop', 'web', web, { initContainers }),
      deployment('shop', 'gpu', gpu, TOLERATES),
      deployment('billing', 'pay', pay, FOR_WEB),
      clusterPrefetch('shops', {
        workloads: [{ selector: { matchLabels: { warm: 'yes' } }, namespaces: { names: ['shop', 'billing'] } }],
      }),
      clusterPrefetch('base', { images: [outright, pinned], nodes: { placement: 'All' } }),
      prefetch('shop', 'web', { workloads: [{ selector: { matchLabels: { app: 'web' } } }] }),
    ]);
    await untilHeld([PLAIN, NEWER], [web, tools, gpu]);
    await untilHeld([TAINTED], [gpu]);
    await untilHeld([PLAIN], [pay]);
    await untilHeld(NODES, [outright, pinned]);
    expect(await holds(TAINTED, web)).toBe(false);
    expect(await holds(NEWER, pay)).toBe(false);
    images = { web, everywhere: [gpu, outright, pinned] };
  });

  test('kubectl wait and kubectl get tell it', async () => {
    const { cluster } = here();
    for (const resource of ['pf/web -n=shop', 'clusterprefetch/shops', 'cpf/base'])
      await cluster.kubectl('wait', '--for=condition=Warm', ...resource.split(' '), `--timeout=${PATIENCE}`);
    expect(columns(await cluster.kubectl('get', 'pf', '-n=shop'))).toMatchObject([
      { NAME: 'web', IMAGES: '2', NODES: '2', PRESENT: '4/4', READY: 'True', WARM: 'True' },
    ]);
    expect(columns(await cluster.kubectl('get', 'cpf'))).toMatchObject([
      { NAME: 'base', IMAGES: '2', NODES: '3', PRESENT: '6/6', READY: 'True', WARM: 'True' },
      // web and tools on two nodes, gpu on three, pay on one.
      { NAME: 'shops', IMAGES: '4', NODES: '3', PRESENT: '8/8', READY: 'True', WARM: 'True' },
    ]);
  });

  test('an image that does not exist and one without the platform fail with their reasons and delay no other', async () => {
    const { cluster, status, untilHeld } = here();
    const good = await publish().image('mixed/good', '1');
    const other = await publish().otherPlatform('mixed/other', '1');
    const missing = `${cluster.registry.address}/mixed/missing:1`;
    const apply = (...images: readonly string[]) =>
      cluster.apply(clusterPrefetch('mixed', { images, nodes: { placement: 'All' }, priority: 5 }));
    await apply(missing, other, good);
    await untilHeld(NODES, [good]);
    const failed = await until('both failures in the status', async () => {
      const told = await status('cpf', 'mixed');
      return told?.summary.failed === 6 && told;
    });
    expect(conditionOf(failed, 'Warm')?.status).toBe('False');
    expect(new Map(failed.failures.map(({ image, reason, nodes }) => [image, `${reason} on ${nodes}`]))).toEqual(
      new Map([
        [missing, 'NotFound on 3'],
        [other, 'NoPlatform on 3'],
      ]),
    );
    await apply(good);
    await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/mixed', `--timeout=${PATIENCE}`);
    expect((await status('cpf', 'mixed'))?.failures).toEqual([]);
    // The event follows the status.
    const described = () => cluster.kubectl('describe', 'cpf', 'mixed');
    await until('the event', async () => /Normal\s+AllPresent/.test(await described()));
  });

  test('a changed workload, one scaled to zero and a deleted one are followed', async () => {
    const { cluster, status, untilHeld, holds } = here();
    const newer = await publish().image('shop/web', '2');
    await cluster.kubectl('set', 'image', 'deployment/web', `main=${newer}`, '-n=shop');
    await untilHeld([PLAIN, NEWER], [newer]);
    const pay = ['deployment/pay', '-n=billing'];
    await cluster.kubectl('scale', ...pay, '--replicas=1');
    await cluster.kubectl('rollout', 'status', ...pay, `--timeout=${PATIENCE}`);
    await cluster.kubectl('scale', ...pay, '--replicas=0');
    // It was Warm before as well, and that may be what is read first.
    await until('the changed workload to be warm', async () => {
      const told = await status('pf', 'web', '-n=shop');
      return told?.warm === '4/4' && conditionOf(told, 'Warm')?.status === 'True';
    });
    await cluster.kubectl('delete', 'deployment/gpu', '-n=shop');
    await until('the deleted workload to be forgotten', async () => (await status('cpf', 'shops'))?.warm === '5/5');
    // What nobody asks for any more stays: deleting is the kubelet's business.
    expect(await holds(TAINTED, (images as WarmImages).everywhere[0] as string)).toBe(true);
    images = { web: newer, everywhere: (images as WarmImages).everywhere.slice(1) };
  });

  return () => images as WarmImages;
}

/** The rows of a table by the names of its columns. */
function columns(table: string): readonly Readonly<Record<string, string>>[] {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map(line => line.split(/\s{2,}/));
  return rows.map(row => Object.fromEntries(head.map((name, at) => [name, row[at] ?? ''])));
}
