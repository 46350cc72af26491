import { expect, test } from 'vitest';
import { type Fixture, NEWER, NODES, PATIENCE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch, podOn } from '../objects.ts';
import type { WarmImages } from './warm.ts';

const READY = ['--for=condition=Ready', `--timeout=${PATIENCE}`];

export function survivesWithoutRegistry(here: () => Fixture, publish: () => Publisher, warm: () => WarmImages): void {
  test('with the registry off, IfNotPresent pods of warm images start on every node', async () => {
    const { cluster } = here();
    const images = warm().everywhere;
    const pods = NODES.flatMap(node => images.map((image, n) => podOn(`node${node}`, `offline-${node}-${n}`, image)));
    await cluster.registry.stop();
    try {
      await cluster.apply(pods);
      const names = pods.map(pod => `pod/${(pod as { metadata: { name: string } }).metadata.name}`);
      const ready = await cluster.kubectl('wait', ...READY, ...names);
      expect(ready.match(/condition met/g)).toHaveLength(pods.length);
    } finally {
      await cluster.registry.start();
      await cluster.kubectl('delete', 'pods', '--all', '--namespace=default');
    }
  });

  test('a kubelet that always verifies credentials needs the registry even for a warm image', async () => {
    const { cluster, untilHeld, get } = here();
    const image = await publish().image('verified/image', '1');
    const prefetch = clusterPrefetch('verified', { images: [image], nodes: { placement: 'All' } });
    const { kubelet, name } = cluster.node(NEWER);
    await cluster.apply(prefetch);
    await untilHeld([NEWER], [image]);
    await kubelet.configure({ imagePullCredentialsVerificationPolicy: 'AlwaysVerify' });
    await cluster.registry.stop();
    try {
      await cluster.apply(podOn(name, 'verified', image));
      await until('the kubelet to ask the registry in vain', async () => {
        const pod = await get<{ status: PodStatus }>('pod', 'verified');
        return /ErrImagePull|ImagePullBackOff/.test(pod.status.containerStatuses?.[0]?.state.waiting?.reason ?? '');
      });
    } finally {
      await cluster.registry.start();
    }
    await cluster.kubectl('wait', ...READY, 'pod/verified');
    await kubelet.configure({ imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages' });
    await cluster.kubectl('delete', 'pod', 'verified');
    await cluster.kubectl('delete', 'cpf', 'verified');
    await cluster.kubectl('wait', '--for=condition=Ready', `node/${name}`, `--timeout=${PATIENCE}`);
    expect(await cluster.kubectl('get', 'pods', '--namespace=default', '-o=name')).toBe('');
  });
}

interface PodStatus {
  readonly containerStatuses?: readonly { readonly state: { readonly waiting?: { readonly reason: string } } }[];
}
