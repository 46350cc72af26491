import { expect, test } from 'vitest';
import { type Fixture, NEWER, NODES, PATIENCE, PLAIN, TAINTED, conditionOf, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch } from '../objects.ts';
import type { WarmImages } from './warm.ts';

export function followsNodes(here: () => Fixture, publish: () => Publisher, warm: () => WarmImages): void {
  test('a node that joins is filled, also one whose root is not shared, and one that leaves is forgotten', async () => {
    const { cluster, status, untilHeld } = here();
    const node = await cluster.addNode({ privateRoot: true });
    await untilHeld([node.number], warm().everywhere);
    await until('the node to count', async () => (await status('cpf', 'base'))?.warm === '8/8');
    expect(conditionOf(await status('cpf', 'base'), 'Warm')?.status).toBe('True');
    await cluster.removeNode(node.number);
    await until('the node to be forgotten', async () => (await status('cpf', 'base'))?.warm === '6/6');
  });

  test('a node that gains a label gets what the label asks for, and a cordoned one is held', async () => {
    const { cluster, status, holds, untilHeld } = here();
    const image = await publish().image('labelled/image', '1');
    const spec = { images: [image], nodes: { selector: { matchLabels: { fast: 'yes' } } } };
    await cluster.apply(clusterPrefetch('labelled', spec));
    const never = () => status('cpf', 'labelled');
    await until('the first status', async () => (await never())?.summary.nodes === 0);
    expect(conditionOf(await never(), 'Warm')?.status).not.toBe('True');
    await cluster.kubectl('label', 'node', 'node1', 'fast=yes');
    await untilHeld([PLAIN], [image]);
    expect(await holds(NEWER, image)).toBe(false);

    await cluster.kubectl('cordon', 'node3');
    await cluster.kubectl('label', 'node', 'node3', 'fast=yes');
    await until('the cordoned node to count as held', async () => (await never())?.summary.held === 1);
    expect(await holds(NEWER, image)).toBe(false);
    await cluster.kubectl('uncordon', 'node3');
    await untilHeld([NEWER], [image]);
    await cluster.kubectl('delete', 'cpf', 'labelled');
  });

  test('an image that is deleted behind the back of its agent comes back', async () => {
    const { cluster, holds, remove, untilHeld } = here();
    const [image] = warm().everywhere as [string];
    for (const node of [PLAIN, TAINTED, NEWER]) {
      await remove(node, image);
      await untilHeld([node], [image]);
    }
    await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/base', `--timeout=${PATIENCE}`);
    expect(await Promise.all(NODES.map(node => holds(node, image)))).toEqual([true, true, true]);
  });

  test('containerd is restarted: what is deleted afterwards still comes back', async () => {
    const { cluster, remove, untilHeld } = here();
    // Another one: what keeps being deleted counts as collected by the kubelet and is left alone for a while.
    const image = warm().everywhere.at(-1) as string;
    for (const node of [PLAIN, NEWER]) {
      const { containerd } = cluster.node(node);
      await containerd.stop();
      await containerd.start();
      await remove(node, image);
      await untilHeld([node], [image]);
    }
    const waited = await cluster.kubectl('wait', '--for=condition=Warm', 'cpf/base', `--timeout=${PATIENCE}`);
    expect(waited).toContain('condition met');
  });
}
