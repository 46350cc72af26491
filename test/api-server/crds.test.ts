import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { API_VERSION, parseResource, type PrefetchStatus } from '@kube-prefetch/protocol';
import { RESOURCE_CASES, RULES } from '@kube-prefetch/protocol/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilServed } from './apply-crds.ts';
import { changedResources } from './changed-resources.ts';
import { createRawClient, type RawAnswer, type RawClient } from './raw-client.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
}

interface Answer {
  readonly message?: string;
  readonly spec?: unknown;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const CRDS = ['prefetches', 'clusterprefetches'];
const CHANGED = 500;
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const fileOf = (plural: string) =>
  fileURLToPath(new URL(`../../charts/kube-prefetch/files/crds/${plural}.yaml`, import.meta.url));

const pathOf = ({ kind }: Resource) =>
  kind === 'Prefetch' ? `/apis/${API_VERSION}/namespaces/shop/prefetches` : `/apis/${API_VERSION}/clusterprefetches`;

const STATUS: PrefetchStatus = {
  observedGeneration: 1,
  conditions: (['Accepted', 'Ready', 'Warm'] as const).map(type => ({
    type,
    status: type === 'Warm' ? 'False' : 'True',
    reason: 'Because',
    message: type === 'Warm' ? '10 cells are missing' : 'so it is',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-01T00:00:00.000Z',
  })),
  warm: '470/480',
  summary: {
    images: 12,
    nodes: 40,
    cells: 480,
    present: 470,
    pulling: 1,
    waiting: 2,
    failed: 3,
    stale: 0,
    unknown: 4,
    held: 5,
    noAgent: 6,
    notApplicable: 7,
  },
  failures: [
    {
      image: 'shop/gone:1',
      reason: 'NotFound',
      message: 'not found',
      nodes: 3,
      examples: ['n1', 'n2', 'n3'],
      since: '2026-11-01T00:00:00.000Z',
    },
  ],
  skew: [{ image: 'shop/web:1', digests: [{ digest: `shop/web@sha256:${'a'.repeat(64)}`, nodes: 2 }] }],
};

describe.each(['1.37', '1.34'] as const)('Kubernetes %s', version => {
  const folder = scratchFolder('kp-crds');
  let server: ApiServer;
  let client: RawClient;
  const defined = new Map<string, RawAnswer<Answer>>();

  beforeAll(async () => {
    server = await startApiServer({ version, folder: folder.path });
    client = createRawClient(server.kubeconfig);
    for (const plural of CRDS) {
      const crd = await server.kubectl('create', '--dry-run=client', '--output=json', '-f', fileOf(plural));
      defined.set(plural, await client.send('POST', `${CRD_PATH}?fieldValidation=Strict`, JSON.parse(crd)));
    }
    await untilServed(server);
    await server.kubectl('create', 'namespace', 'shop');
  });

  afterAll(async () => {
    client?.close();
    await server?.close();
    folder.remove();
  });

  test.each(CRDS)('%s are defined without a warning or a violation', async plural => {
    expect(defined.get(plural)).toMatchObject({ status: 201 });
    expect(defined.get(plural)?.headers.warning).toBeUndefined();
    const { body } = await client.send<Answer>('GET', `${CRD_PATH}/${plural}.kube-prefetch.io`);
    const conditions = body.status?.conditions?.map(({ type, status }) => `${type}=${status}`);
    expect(conditions?.toSorted()).toEqual(['Established=True', 'NamesAccepted=True']);
  });

  test.each(RESOURCE_CASES)(
    '$name: the verdict is ours, and so are defaults and rules',
    async ({ document, problems }) => {
      const path = `${pathOf(document as Resource)}?dryRun=All&fieldValidation=Strict`;
      const { status, body } = await client.send<Answer>('POST', path, document);
      const ours = parseResource(document);
      expect(ours.problems).toHaveLength(problems.length);
      expect({ accepted: status === 201, message: body.message }).toMatchObject({ accepted: problems.length === 0 });
      if (problems.length === 0) expect(body.spec).toEqual(ours.spec);
      for (const message of rulesBrokenBy(ours.problems)) expect(body.message).toContain(message);
    },
  );

  test('resources with a random change are judged as we judge them', async () => {
    const seed = Number(process.env.API_SERVER_SEED ?? Math.floor(Math.random() * 2 ** 31));
    const documents = fc.sample(changedResources, { numRuns: CHANGED, seed }) as unknown as Resource[];
    const answers = await Promise.all(documents.map(document => dryRun(client, document)));
    const accepted = answers.filter(({ status }) => status === 201).length;
    const differences = documents.flatMap((document, index) => {
      const { status, body } = answers[index] as RawAnswer<Answer>;
      const { problems, spec: ours } = parseResource(document);
      const agrees = status === 201 ? problems.length === 0 && isDeepStrictEqual(body.spec, ours) : problems.length > 0;
      return agrees ? [] : [`${body.message ?? 'accepted'}; we say ${problems.join()}: ${JSON.stringify(document)}`];
    });
    console.log(`${CHANGED} resources, ${accepted} accepted; again with API_SERVER_SEED=${seed}`);
    expect(differences).toEqual([]);
    expect(accepted).toBeGreaterThan(CHANGED / 25);
  });

  describe('with resources of both kinds', () => {
    beforeAll(async () => {
      await server.apply([
        { apiVersion: API_VERSION, kind: 'Prefetch', metadata: { name: 'web', namespace: 'shop' }, spec },
        { apiVersion: API_VERSION, kind: 'ClusterPrefetch', metadata: { name: 'base' }, spec },
      ]);
    });

    test.each(['Prefetch', 'ClusterPrefetch'])('a %s says Unknown until somebody has looked at it', async kind => {
      const named = { kind, metadata: { name: 'unseen' } };
      const created = await client.send<Answer>('POST', pathOf(named), {
        apiVersion: API_VERSION,
        ...named,
        spec,
        status: STATUS,
      });
      const { body: read } = await client.send<Answer>('GET', `${pathOf(named)}/unseen`);
      for (const { status } of [created.body, read]) {
        expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
          'Accepted=Unknown',
          'Ready=Unknown',
          'Warm=Unknown',
        ]);
      }
      const wait = server.kubectl('wait', '--for=condition=Ready', '--timeout=1s', `${kind}/unseen`, '-n', 'shop');
      await expect(wait).rejects.toThrow('timed out');
      await client.send('DELETE', `${pathOf(named)}/unseen`);
    });

    test.each([
      { kind: 'Prefetch', metadata: { name: 'web' } },
      { kind: 'ClusterPrefetch', metadata: { name: 'base' } },
    ])('a status of a $kind is stored as it was written, with every field', async resource => {
      const path = `${pathOf(resource)}/${resource.metadata.name}`;
      const { body } = await client.send<object>('GET', path);
      const answer = await client.send<Answer>('PUT', `${path}/status?fieldValidation=Strict`, {
        ...body,
        status: STATUS,
      });
      expect(answer.body.message).toBeUndefined();
      expect(answer.body.status).toEqual(STATUS);
    });

    test.each([
      ['prefetches', ['-n', 'shop'], ['web']],
      ['prefetch', ['-n', 'shop'], ['web']],
      ['pf', ['-A'], ['shop', 'web']],
      ['clusterprefetches', [], ['base']],
      ['cpf', [], ['base']],
    ])('kubectl get %s %j shows images, nodes, what is present, ready, warm and age', async (name, flags, identity) => {
      const [head, row] = tableOf(await server.kubectl('get', name, ...flags));
      expect(head?.slice(-7)).toEqual(['NAME', 'IMAGES', 'NODES', 'PRESENT', 'READY', 'WARM', 'AGE']);
      expect(row).toEqual([...identity, '12', '40', '470/480', 'True', 'False', expect.stringMatching(/^\d+[sm]/)]);
    });

    test('kubectl get -o wide says why it is not warm', async () => {
      const [head, row] = tableOf(await server.kubectl('get', 'cpf', '-o', 'wide'));
      expect(head?.slice(-3)).toEqual(['PULLING', 'FAILED', 'MESSAGE']);
      expect(row?.slice(7).join(' ')).toBe('1 3 10 cells are missing');
    });

    test('kubectl get kube-prefetch shows both kinds', async () => {
      const names = (await server.kubectl('get', 'kube-prefetch', '-A', '-o', 'name')).trim().split('\n');
      expect(names.toSorted()).toEqual(['clusterprefetch.kube-prefetch.io/base', 'prefetch.kube-prefetch.io/web']);
    });

    test('kubectl wait --for=condition waits for a condition', async () => {
      const wait = (condition: string, timeout: string) =>
        server.kubectl('wait', `--for=condition=${condition}`, `--timeout=${timeout}`, 'cpf/base');
      await expect(wait('Ready', '120s')).resolves.toContain('condition met');
      await expect(wait('Warm', '1s')).rejects.toThrow('timed out');
    });

    test('kubectl explain knows the fields', async () => {
      expect(await server.kubectl('explain', 'pf.spec.nodes.placement')).toMatch(/ENUM:\s+Eligible\s+All/);
    });

    test('two appliers may each add images to one resource', async () => {
      for (const [manager, images] of [
        ['ci', ['shop/ci:1']],
        ['people', ['shop/people:1']],
      ] as const) {
        const document = {
          apiVersion: API_VERSION,
          kind: 'ClusterPrefetch',
          metadata: { name: 'shared' },
          spec: { images },
        };
        const input = JSON.stringify(document);
        await server.kubectlWith({ input }, 'apply', '--server-side', `--field-manager=${manager}`, '-f', '-');
      }
      const stored = await server.kubectl('get', 'cpf', 'shared', '-o', 'jsonpath={.spec.images}');
      expect(JSON.parse(stored)).toEqual(['shop/ci:1', 'shop/people:1']);
    });
  });
});

const spec = { images: ['nginx:1.27'] };

function dryRun(client: RawClient, document: Resource): Promise<RawAnswer<Answer>> {
  return client.send('POST', `${pathOf(document)}?dryRun=All&fieldValidation=Strict`, document);
}

/** Both sides look at rules only where each field by itself is right. */
function rulesBrokenBy(problems: readonly string[]): readonly string[] {
  return RULES.map(rule => rule.message).filter(message => problems.includes(`spec: ${message}`));
}

function tableOf(output: string): readonly (readonly string[])[] {
  return output
    .trimEnd()
    .split('\n')
    .map(line => line.trim().split(/\s+/));
}
