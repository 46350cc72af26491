import { KubeApiError, type ReadSecret, type SecretReader } from '@kube-prefetch/cluster';
import { aPullSecret } from '@kube-prefetch/cluster/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import { createLog } from '@kube-prefetch/process';
import { describe, expect, test } from 'vitest';
import { aCell, aReport, never, startVirtualLine } from '../../testing/index.ts';
import { adminApp } from '../http/admin.ts';
import { agentsApp } from '../http/agents.ts';
import { opsApp } from '../http/ops.ts';

const CANARY = 'canary-Zx9';
const encoded = (text: string) => Buffer.from(text).toString('base64');
const json = (value: unknown): ReadSecret => ({
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': encoded(JSON.stringify(value)) },
});
const entry = (value: unknown) => json({ auths: { 'r.example': value } });

const SECRETS: Readonly<Record<string, () => ReadSecret>> = {
  good: () => aPullSecret({ 'r.example': CANARY }),
  cut: () => ({
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': encoded(`{"auths": "${CANARY}`) },
  }),
  'not-base64': () => entry({ auth: `${CANARY}!` }),
  'no-colon': () => entry({ auth: encoded(CANARY) }),
  'wrong-fields': () => entry({ username: { [CANARY]: CANARY }, password: [CANARY] }),
  'a-number': () => entry({ auth: 4242, email: CANARY }),
  'of-another-type': () => ({ type: CANARY, data: { [CANARY]: encoded(CANARY) } }),
  'under-another-key': () => ({ type: 'kubernetes.io/dockercfg', data: { '.dockerconfigjson': encoded(CANARY) } }),
  throws: () => {
    throw new Error(`Unexpected token "${CANARY}"`, { cause: CANARY });
  },
  'throws-as-the-api': () => {
    throw new KubeApiError('ServerError', `"${CANARY}" is not valid JSON`, { cause: new Error(CANARY) });
  },
};
const reader: SecretReader = { read: async ({ name }) => SECRETS[name]?.() ?? 'missing' };
const imageOf = (name: string) => `r.example/${name}:1`;

describe('of all that secrets hold', () => {
  const logged: string[] = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const log = createLog({ level: 'debug', name: 'test', version: '0', destination });

  test('only the answer to the node tells anything: not logs, metrics, views, statuses, errors, and no other node', async () => {
    const line = startVirtualLine({ secrets: reader, log });
    const { coordinator, clock } = line;
    const names = [...Object.keys(SECRETS), 'missing'];
    const resources = names.map(name =>
      aResource({
        ref: { kind: 'ClusterPrefetch', name },
        spec: {
          images: [imageOf(name)],
          imagePullSecrets: [{ name }],
          nodes: { names: ['n1'], placement: 'Eligible' },
        },
      }),
    );
    const nodes = ['n1', 'n2'].map(name => aNode({ name }));
    await line.show(aState({ resources, nodes, ownNamespace: 'kube-prefetch' }));

    const edge = { clock, log, metrics: coordinator.metrics };
    const agents = agentsApp(coordinator, edge);
    const ask = (node: string) =>
      agents.inject({
        method: 'POST',
        url: `/v1/nodes/${node}/credentials`,
        headers: { host: 'localhost' },
        payload: { images: names.map(name => ({ image: imageOf(name), refused: true })) },
      });
    const answer = await ask('n1');
    expect(answer.headers['cache-control']).toBe('no-store');
    const { images } = answer.json<{ images: { image: string; problems: string[]; waitFor?: string }[] }>();
    expect(images).toHaveLength(names.length);
    expect(answer.body.split(CANARY)).toHaveLength(2);
    expect((await ask('n2')).json()).toEqual({ epoch: 1, images: [] });
    const broken = { method: 'POST', url: '/v1/nodes/n1/credentials', headers: { host: 'localhost' } } as const;
    const refused = await agents.inject({ ...broken, payload: { images: [{}] } });
    expect(refused.statusCode).toBe(400);

    const cells = names.map(name => aCell({ image: imageOf(name), state: 'Waiting', waitingFor: 'Credentials' }));
    await coordinator.forNode('n1').report(aReport({ cells }), never());
    await clock.advance(30_000);

    const admin = adminApp(coordinator, edge);
    const ops = opsApp(coordinator, { ...edge, serving: () => true, authorityProblem: () => undefined });
    const look = (app: typeof admin, url: string) => app.inject({ url, headers: { host: 'localhost' } });
    const views = await Promise.all([
      look(admin, '/v1/overview'),
      look(admin, '/v1/nodes/n1'),
      ...names.map(name => look(admin, `/v1/images/${encodeURIComponent(imageOf(name))}`)),
      look(ops, '/metrics'),
      look(ops, '/readyz'),
    ]);
    expect(views.map(({ statusCode }) => statusCode)).toEqual(views.map(() => 200));
    const statuses = [...line.sink.statuses];
    const failing = statuses.filter(([, { failures }]) =>
      failures.some(({ reason }) => reason.startsWith('PullSecret')),
    );
    expect(failing.map(([name]) => name.split(' ')[1])).toEqual(
      expect.arrayContaining(names.filter(name => name !== 'good')),
    );
    const told = [...logged, ...views.map(({ body }) => body), refused.body, JSON.stringify([statuses, line.sink])];
    expect(told.filter(text => /canary|Zx9|4242/.test(text) || text.includes(encoded(CANARY)))).toEqual([]);
    expect(told.join()).toContain('secret kube-prefetch/cut');
    for (const result of ['given"} 1', 'waits"} 2', `not_planned"} ${names.length}`])
      expect(told.join()).toContain(`credential_requests_total{result="${result}\n`);
    for (const app of [agents, admin, ops]) await app.close();
    await line.endTerm();
  });
});
