import {
  type CountedRequest,
  createKubernetesSecrets,
  createKubernetesSource,
  createKubernetesStatusSink,
} from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import { aDeployment, aPrefetch, aPullSecret, secretReaderSuite } from '@kube-prefetch/cluster/testing';
import { createCoordinator, lead } from '@kube-prefetch/coordinator';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { silentLog } from '@kube-prefetch/process';
import type { ImageCredentials } from '@kube-prefetch/protocol';
import { systemClock as clock, systemRandom as random } from '@kube-prefetch/time';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { objectsIn, template } from './render.ts';

const OWN = 'kube-prefetch';
/** A certificate names it, in 64 characters at most. */
const COORDINATOR = `system:serviceaccount:${OWN}:warm-coordinator`;
const NODES = ['n1', 'n2', 'n3'];
const SOON = { timeout: SOON_MS, interval: 300 };
const never = new AbortController().signal;

const folder = scratchFolder('kp-pull-secrets');
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ folder: folder.path });
  const names = [OWN, 'shop', 'ops', 'suite'];
  await server.apply(names.map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  await server.apply(NODES.map(name => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })));
  const ready = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  await server.kubectl('patch', 'nodes', ...NODES, '--subresource=status', `--patch=${ready}`);
  for (const namespace of ['shop', 'ops'])
    await server.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'regcred' },
      ...aPullSecret({ 'r.example': `of ${namespace}` }),
    });
  const definitions = objectsIn(await template('default', '--set=crds.install=true')).filter(
    ({ kind }) => kind === 'CustomResourceDefinition',
  );
  await server.apply([...definitions]);
});

afterAll(async () => {
  await server?.close();
  folder.remove();
});

secretReaderSuite('a reader of a real API server', async () => {
  const api = createClientNodeApi({ kubeconfig: server.kubeconfig, clock });
  const namespace = 'suite';
  return {
    reader: createKubernetesSecrets({ api }),
    namespace,
    async hold(name, secret) {
      await server.kubectl('delete', 'secret', name, `--namespace=${namespace}`, '--ignore-not-found');
      if (secret !== undefined)
        await server.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, ...secret });
    },
    beAway: away => (away ? server.kill() : server.start()),
    close: () => api.close(),
  };
});

/** Images of the two tenants; the node's plan has them all. */
async function credentialsWith(setting: string) {
  const roles = /^(Cluster)?Role(Binding)?$/;
  const rendered = objectsIn(await template('default', '--set=fullnameOverride=warm', `--set=${setting}`)).filter(
    ({ kind }) => roles.test(kind),
  );
  await server.kubectl(
    'delete',
    'clusterroles,clusterrolebindings,roles,rolebindings',
    '-A',
    '-l=app.kubernetes.io/instance=warm',
  );
  await server.apply([...rendered]);
  const counted: CountedRequest[] = [];
  const api = createClientNodeApi({
    kubeconfig: await server.kubeconfigFor(COORDINATOR),
    clock,
    count: request => void counted.push(request),
  });
  const off = setting.endsWith('=Off');
  const source = createKubernetesSource({ api, clock, random, log: silentLog, ownNamespace: off ? undefined : OWN });
  const coordinator = createCoordinator({
    source,
    secrets: off ? undefined : createKubernetesSecrets({ api }),
    statuses: createKubernetesStatusSink({ api, clock, instance: 'coordinator-0' }),
    clock,
    log: silentLog,
    limits: {},
    // No agent reports here, and statuses are written once none is expected any more.
    silentAfterMs: 2_000,
  });
  const stop = new AbortController();
  const reading = coordinator.read(stop.signal);
  const leading = lead(coordinator.line, { epoch: 1, signal: stop.signal }).catch(() => {});
  const planned = () =>
    waitUntil(
      async () => {
        const plan = await coordinator
          .forNode('n1', undefined)
          .plan(undefined, 0, never)
          .catch(() => 'unchanged' as const);
        return plan !== 'unchanged' && plan.items.length > 0 && plan;
      },
      'a plan',
      SOON_MS,
    );
  return {
    coordinator,
    planned,
    counted,
    gaps: () => source.read()?.gaps,
    async close() {
      stop.abort(new Error('the test is over'));
      await Promise.all([reading, leading]);
      await api.close();
    },
  };
}

const images = Array.from({ length: 50 }, (_, n) => `r.example/app:${n}`);
const spec = (only: readonly string[]) => ({ images: only, imagePullSecrets: [{ name: 'regcred' }] });

describe('with the rights of the chart', () => {
  beforeAll(async () => {
    await server.apply([
      aPrefetch('all', spec(['r.example/shop:1'])),
      aPrefetch('all', spec(['r.example/ops:1']), 'ops'),
    ]);
  });

  const given = (password: string) => ({ credentials: [{ password }], anonymous: false });
  const waits = (name: string) => ({
    credentials: [],
    anonymous: false,
    waitFor: `secret ${name} may not be read by the coordinator`,
  });
  test.each<[string, readonly object[]]>([
    ['credentials.secrets=Cluster', [given('of shop'), given('of ops')]],
    ['credentials.secrets={shop}', [given('of shop'), waits('ops/regcred')]],
    ['credentials.secrets=Off', []],
  ])('%s: what may be read is used, what may not makes its images wait', async (setting, answers) => {
    const running = await credentialsWith(setting);
    const { items } = await running.planned();
    expect(items.filter(item => item.credentials === true)).toHaveLength(answers.length);
    const asked = ['r.example/shop:1', 'r.example/ops:1'].map(image => ({ image }));
    const answer = await running.coordinator.forNode('n1', undefined).credentials({ images: asked }, never);
    expect(answer.images satisfies ImageCredentials[]).toMatchObject(answers);
    expect(running.gaps()).toEqual([]);
    expect(running.counted.filter(({ code, resource }) => code === '4xx' && resource === 'secrets')).toHaveLength(
      answers.filter(a => 'waitFor' in a).length,
    );
    await running.close();
  });
});

test('what cannot be used is a reason in the status, with its name, for whoever brings it; the rest goes on', async () => {
  await server.kubectl('delete', 'prefetches', '--all', '-A');
  const canary = {
    '.dockerconfigjson': Buffer.from('{"auths": {"r.example": {"auth": "canary"}}}').toString('base64'),
  };
  const web = aDeployment('web', ['r.example/web:1']) as { spec: { template: { spec: object } } };
  const pod = { ...web.spec.template.spec, serviceAccountName: 'gone' };
  const labels = { app: 'web' };
  await server.apply([
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'bad' },
      type: 'kubernetes.io/dockerconfigjson',
      data: canary,
    },
    { ...web, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } } },
    aPrefetch('all', {
      images: ['r.example/shop:1'],
      workloads: [{ selector: {} }],
      imagePullSecrets: ['gone', 'bad', 'regcred'].map(name => ({ name })),
    }),
    aPrefetch('all', spec(['r.example/ops:1']), 'ops'),
  ]);
  const running = await credentialsWith('credentials.secrets={shop}');
  const { items } = await running.planned();
  const asked = items.map(({ image }) => ({ image }));
  const answer = await running.coordinator.forNode('n1', undefined).credentials({ images: asked }, never);
  expect(answer.images.map(({ credentials }) => credentials.length).toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
  const failures = async (namespace: string) => {
    const text = await server.kubectl('get', 'prefetch', 'all', `--namespace=${namespace}`, '--output=json');
    return (JSON.parse(text) as Held).status?.failures.map(({ reason, message, nodes }) => [reason, message, nodes]);
  };
  const gone = ['PullSecretMissing', 'secret shop/gone does not exist', 3];
  const bad = ['PullSecretInvalid', expect.stringMatching(/^secret shop\/bad: /), 3];
  const account = ['ServiceAccountMissing', 'ServiceAccount shop/gone does not exist', 3];
  const forbidden = ['PullSecretForbidden', 'secret ops/regcred may not be read by the coordinator', 3];
  // A first status may be written before the secrets were read.
  await expect.poll(() => failures('shop'), SOON).toEqual([bad, gone, bad, gone, account]);
  await expect.poll(() => failures('ops'), SOON).toEqual([forbidden]);
  expect(JSON.stringify(await failures('shop'))).not.toContain('canary');
  await running.close();
});

interface Held {
  readonly status?: { readonly failures: readonly { reason: string; message: string; nodes: number }[] };
}

test('50 images on three nodes read their one secret once in an interval', async () => {
  await server.kubectl('delete', 'prefetches', '--all', '-A');
  await server.apply(aPrefetch('many', spec(images)));
  const running = await credentialsWith('credentials.secrets=Cluster');
  await running.planned();
  const gets = () => running.counted.filter(({ verb, resource }) => verb === 'get' && resource === 'secrets').length;
  const startedMs = clock.monotonicMs();
  await Promise.all(
    NODES.map(async node => {
      for (const image of images) {
        const api = running.coordinator.forNode(node, undefined);
        const answer = await api.credentials({ images: [{ image }] }, never);
        expect(answer.images).toMatchObject([{ credentials: [{ password: 'of shop' }] }]);
      }
    }),
  );
  console.log(`150 pulls in ${Math.round(clock.monotonicMs() - startedMs)} ms asked the API server ${gets()} times`);
  expect(gets()).toBe(1);
  await running.close();
});
