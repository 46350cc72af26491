import { expect, test } from 'vitest';
import { type Fixture, NEWER, PATIENCE, PLAIN, REWRITE, conditionOf } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch, deployment, namespace, prefetch } from '../objects.ts';

const NAMESPACE = 'written';

export function readsWhatIsWritten(here: () => Fixture, publish: () => Publisher): void {
  test('who opts in by annotation is found, what is excluded stays away, and rules say what is pulled', async () => {
    const { cluster, status, untilHeld, holds } = here();
    const image = publish();
    const main = await image.image('written/main', '1');
    const [side, silent, mirrored] = [
      await image.image('written/side', '1'),
      await image.image('written/silent', '1'),
      await image.image(`${REWRITE.to}app`, '1'),
    ];
    const containers = [
      { name: 'main', image: 'original.example/main:1' },
      { name: 'side', image: side },
    ];
    const annotations = { 'kube-prefetch.io/prefetch': 'true', 'kube-prefetch.io/exclude': 'side' };
    await cluster.apply([namespace(NAMESPACE)]);
    await cluster.apply([
      annotated(deployment(NAMESPACE, 'web', '', { containers }), annotations),
      deployment(NAMESPACE, 'silent', silent),
      prefetch(NAMESPACE, 'annotated', {
        workloads: [{ selector: {}, onlyAnnotated: true }],
        rewrite: [{ from: 'original.example/', to: `${cluster.registry.address}/written/` }],
      }),
      clusterPrefetch(NAMESPACE, { images: [`${REWRITE.from}app:1`] }),
    ]);
    await untilHeld([PLAIN, NEWER], [main, mirrored]);
    for (const resource of [`pf/annotated -n=${NAMESPACE}`, `cpf/${NAMESPACE}`])
      await cluster.kubectl('wait', '--for=condition=Warm', ...resource.split(' '), `--timeout=${PATIENCE}`);
    const told = await status('pf', 'annotated', `-n=${NAMESPACE}`);
    expect(told?.summary.images).toBe(1);
    expect(conditionOf(told, 'Ready')?.message).toContain('not planned: 1 image excluded by annotation');
    expect([await holds(PLAIN, side), await holds(PLAIN, silent)]).toEqual([false, false]);
    await cluster.kubectl('delete', 'namespace', NAMESPACE);
    await cluster.kubectl('delete', 'cpf', NAMESPACE);
  });
}

function annotated(object: object, annotations: Readonly<Record<string, string>>): object {
  const { metadata } = object as { metadata: object };
  return { ...object, metadata: { ...metadata, annotations } };
}
