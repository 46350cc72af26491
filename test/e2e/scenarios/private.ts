import { setTimeout as sleep } from 'node:timers/promises';
import { READER } from '@kube-prefetch/lab/debian-registry';
import { expect, test } from 'vitest';
import { type Fixture, NEWER, PATIENCE, PLAIN, conditionOf, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { deployment, podOn, prefetch } from '../objects.ts';

const FREE = [PLAIN, NEWER];

/** The namespaces shop and billing exist; both have nodes without taints to run on. */
export function pullsWithCredentials(here: () => Fixture, publish: () => Publisher): void {
  test("images of a private registry become warm with the secrets of those who ask, and with nobody else's", async () => {
    const { cluster, status, untilHeld, holds } = here();
    const registry = await cluster.registry.startPrivate(READER['first-password']);
    const image = async (name: string) => {
      const path = (await publish().image(`private/${name}`, '1')).slice(cluster.registry.address.length);
      return `${registry.address}${path}`;
    };
    const secret = (namespace: string, name: string, password: string) =>
      cluster.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name },
        type: 'kubernetes.io/dockerconfigjson',
        stringData: {
          '.dockerconfigjson': JSON.stringify({ auths: { [registry.address]: { username: 'reader', password } } }),
        },
      });
    const [named, ofAccount, ofBilling] = [
      await image('shop/named'),
      await image('shop/account'),
      await image('billing/app'),
    ];
    await secret('shop', 'regcred', 'first-password');
    await secret('billing', 'regcred', 'a-wrong-password');
    await cluster.apply([
      prefetch('shop', 'named', { images: [named], imagePullSecrets: [{ name: 'regcred' }] }),
      prefetch('billing', 'app', { images: [ofBilling], imagePullSecrets: [{ name: 'regcred' }] }),
    ]);
    await untilHeld(FREE, [named]);
    const billing = await until('the refusal in the status', async () => {
      const told = await status('pf', 'app', '-n=billing');
      return told?.summary.failed === 2 && told;
    });
    expect(billing.failures).toMatchObject([{ image: ofBilling, reason: 'Unauthorized', nodes: 2 }]);
    expect(conditionOf(billing, 'Warm')?.status).toBe('False');
    expect(await Promise.all(FREE.map(node => holds(node, ofBilling)))).toEqual([false, false]);

    // What the workload's ServiceAccount brings, and a password that has changed: no program is started again.
    await cluster.kubectl(
      'patch',
      'serviceaccount',
      'default',
      '-n=shop',
      '--patch={"imagePullSecrets":[{"name":"regcred"}]}',
    );
    // A secret is read again for a refusal at most every ten seconds.
    await sleep(10_000);
    registry.setUsers(READER['second-password']);
    await secret('shop', 'regcred', 'second-password');
    await cluster.apply([
      {
        ...deployment('shop', 'account', ofAccount),
        metadata: { namespace: 'shop', name: 'account', labels: { app: 'account' } },
      },
      prefetch('shop', 'account', { workloads: [{ selector: { matchLabels: { app: 'account' } } }] }),
    ]);
    await untilHeld(FREE, [ofAccount]);
    await cluster.kubectl('wait', '--for=condition=Warm', 'pf/account', '-n=shop', `--timeout=${PATIENCE}`);

    // The kubelet takes what it did not pull itself for preloaded, and asks nobody.
    await registry.stop();
    const pods = FREE.map(node => withSecret(podOn(`node${node}`, `private-${node}`, ofAccount)));
    await cluster.apply(pods);
    const names = FREE.map(node => `pod/private-${node}`);
    const ready = await cluster.kubectl('wait', '--for=condition=Ready', ...names, '-n=shop', `--timeout=${PATIENCE}`);
    expect(ready.match(/condition met/g)).toHaveLength(FREE.length);
    await cluster.kubectl('delete', ...names, '-n=shop');
    await cluster.kubectl('delete', 'pf', 'named', 'account', '-n=shop');
    await cluster.kubectl('delete', 'pf', 'app', '-n=billing');
    await cluster.kubectl('delete', 'deployment/account', '-n=shop');
  });

  test('no credential is in a status, an event or a log', async () => {
    const { cluster, get } = here();
    // The pod of a node that was removed stays for a while, and the API server cannot read its log.
    const nodes = (await get('nodes')).items.map(({ metadata }) => metadata.name);
    const pods = (await get('pods', '-n=kube-prefetch')).items.filter(({ spec }) =>
      nodes.includes((spec as { nodeName: string }).nodeName),
    );
    expect(pods.length).toBeGreaterThan(nodes.length);
    const logs = pods.map(({ metadata }) => cluster.kubectl('logs', metadata.name, '-n=kube-prefetch', '--tail=-1'));
    const said = [await cluster.kubectl('get', 'pf,cpf,events', '-A', '-o=json'), ...(await Promise.all(logs))].join(
      '\n',
    );
    expect(said).toContain('private/billing/app');
    for (const password of [...Object.keys(READER), 'a-wrong-password']) {
      const forms = [password, Buffer.from(`reader:${password}`).toString('base64')];
      for (const form of forms) expect([form, said.includes(form)]).toEqual([form, false]);
    }
  });
}

function withSecret(pod: object): object {
  const { metadata, spec } = pod as { metadata: object; spec: object };
  return {
    ...pod,
    metadata: { ...metadata, namespace: 'shop' },
    spec: { ...spec, imagePullSecrets: [{ name: 'regcred' }] },
  };
}
