import { expect, test } from 'vitest';
import { realCrds } from '../../api-server/workload-crds.ts';
import { type Fixture, NEWER, PATIENCE, PLAIN, conditionOf, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { namespace, prefetch } from '../objects.ts';

const NAMESPACE = 'rollouts';

export function findsRollouts(here: () => Fixture, publish: () => Publisher): void {
  test('a Rollout is found once its definition comes, and its image is kept when the definition goes', async () => {
    const { cluster, status, untilHeld, remove } = here();
    const image = await publish().image('rollouts/web', '1');
    const says = (text: string) =>
      until(text, async () => {
        const told = await status('pf', 'rollouts', `-n=${NAMESPACE}`);
        return conditionOf(told, 'Ready')?.message?.includes(text) ?? false;
      });
    await cluster.apply([namespace(NAMESPACE)]);
    await cluster.apply(prefetch(NAMESPACE, 'rollouts', { workloads: [{ kinds: ['Rollout'], selector: {} }] }));
    await says('rollouts.argoproj.io is not installed');

    const [definition = ''] = await realCrds();
    await cluster.kubectlWith({ input: definition }, 'create', '-f', '-');
    await until('the Rollout to be taken', async () => (await cluster.apply(rollout(image))).includes('web'));
    await untilHeld([PLAIN, NEWER], [image]);
    await cluster.kubectl('wait', '--for=condition=Warm', 'pf/rollouts', `-n=${NAMESPACE}`, `--timeout=${PATIENCE}`);

    await cluster.kubectl('delete', 'crd', 'rollouts.argoproj.io');
    await says('rollouts.argoproj.io is no longer served; what was read last counts until it is');
    await remove(PLAIN, image);
    await untilHeld([PLAIN], [image]);
    expect((await status('pf', 'rollouts', `-n=${NAMESPACE}`))?.summary.images).toBe(1);
    await cluster.kubectl('delete', 'namespace', NAMESPACE);
  });
}

/** No controller of Argo runs here: it makes no pods. */
function rollout(image: string): object {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { namespace: NAMESPACE, name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
      strategy: { canary: {} },
    },
  };
}
