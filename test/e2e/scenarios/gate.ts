import { expect, test } from 'vitest';
import { type Fixture, GATE, PATIENCE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch } from '../objects.ts';

export function keepsPodsOffColdNodes(here: () => Fixture, publish: () => Publisher): void {
  test('a node that joins behind the gate takes no pod before it is warm, and the first one starts without the registry', async () => {
    const { cluster, get, holds, status } = here();
    const image = await publish().image('gate/first', '1');
    const apply = (...images: readonly string[]) =>
      cluster.apply(clusterPrefetch(GATE.resource, { images, nodes: { selector: { matchLabels: { gate: 'yes' } } } }));
    await apply(image);
    await cluster.apply(pod(image));
    const node = await cluster.addNode({
      labels: { gate: 'yes' },
      taints: [{ key: GATE.taint, value: '', effect: 'NoSchedule' }],
    });
    await until('the pod to be scheduled', async () => {
      const { spec } = await get<{ spec: { nodeName?: string } }>('pod', 'first');
      return spec.nodeName !== undefined;
    });
    expect(await holds(node.number, image)).toBe(true);
    const requests = () =>
      cluster.registry.requestLog().filter(({ path }) => path.startsWith('/v2/gate/first/')).length;
    const before = requests();
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/first', `--timeout=${PATIENCE}`);
    expect(requests()).toBe(before);
    const described = () => cluster.kubectl('describe', 'node', node.name);
    await until('the event', async () => /Normal\s+NodeWarm .*1 of 1 images are present/.test(await described()));

    // An image that does not exist keeps no node out.
    const missing = `${cluster.registry.address}/gate/missing:1`;
    await apply(image, missing);
    // Whoever hears of the taint before that finds a warm node.
    await until('the coordinator to know', async () => (await status('cpf', GATE.resource))?.summary.images === 2);
    await cluster.kubectl('taint', 'node', node.name, `${GATE.taint}=:NoSchedule`);
    await until(
      'the taint to come off',
      async () => !JSON.stringify(await get('node', node.name)).includes(GATE.taint),
    );
    await until('the warning', async () =>
      /Warning\s+NodeNeverWarm .*cannot come: .*gate\/missing/.test(await described()),
    );

    await cluster.kubectl('delete', 'pod', 'first');
    await cluster.kubectl('delete', 'cpf', GATE.resource);
    await cluster.removeNode(node.number);
  });
}

function pod(image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'first' },
    spec: {
      nodeSelector: { gate: 'yes' },
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }],
    },
  };
}
