import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { runBlock } from '@kube-prefetch/lab/docs';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { readYaml } from '@kube-prefetch/lab/set-up';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { untilServed } from '../api-server/apply-crds.ts';
import { whileAllIsWarm } from '../api-server/keep-warm.ts';
import { CHART, TRY, valuesOf } from './render.ts';
import { SOON_MS } from '../patience.ts';

const CRDS = ['clusterprefetches.kube-prefetch.io', 'prefetches.kube-prefetch.io'];
const TECHSQUAD = 'prefetches.cache.techsquad.rocks';
const CRD_FOLDER = `${CHART}/files/crds`;

interface Definition {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>>; readonly uid: string };
  readonly spec: { readonly names: { readonly shortNames: readonly string[] } };
}

/** Real releases on a real API server: no pod runs, but everything that helm does to objects is done. */
describe('on a real API server', () => {
  const folder = scratchFolder('kp-releases');
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer({ folder: folder.path, controllersToo: true });
    await server.kubectl('wait', '--for=create', '--timeout=300s', 'serviceaccount/default', '--namespace=default');
  });

  afterAll(async () => {
    await server?.close();
    folder.remove();
  });

  beforeEach(async () => {
    for (const { name, namespace } of JSON.parse(await server.helm('list', '--all-namespaces', '--output=json')))
      await server.helm('uninstall', name, `--namespace=${namespace}`);
    // One that is deleted before its objects can be listed takes minutes to go.
    const names = await server.kubectl('get', 'crd', '--output=jsonpath={.items[*].metadata.name}');
    for (const name of names.split(' ').filter(text => text !== '')) {
      const isServed = async () =>
        (await server.kubectl('get', name, '--all-namespaces', '--output=name')) !== undefined;
      await waitUntil(isServed, `${name} to be served`, SOON_MS);
    }
    await server.kubectl('delete', 'crd', '--all', '--wait');
  });

  const helm = (command: 'install' | 'upgrade', name: string, ...args: readonly string[]) =>
    server.helm(
      command,
      name,
      chartOf(args),
      `--namespace=${name}`,
      valuesOf('default'),
      '--set=crds.install=true',
      ...args.filter(argument => argument.startsWith('--')),
      ...(command === 'install' ? ['--create-namespace'] : []),
    );
  const definition = async (name: string): Promise<Definition> =>
    JSON.parse(await server.kubectl('get', 'crd', name, '--output=json'));
  const owners = () =>
    Promise.all(CRDS.map(async name => (await definition(name)).metadata.annotations?.['meta.helm.sh/release-name']));

  /** What the coordinator keeps in the objects that the chart renders empty. */
  const KEPT = [
    { data: { 'tls.key': 'a2V5' } },
    { data: { 'ca.crt': 'the authority' } },
    { spec: { holderIdentity: 'one', leaseTransitions: 3 } },
  ];
  const emptyOnes = async (release: string): Promise<readonly object[]> => {
    const names = [`secret/${release}-kube-prefetch-ca`, `configmap/${release}-kube-prefetch-ca`];
    const lease = `lease/${release}-kube-prefetch-coordinator`;
    const list = await server.kubectl('get', ...names, lease, `--namespace=${release}`, '--output=json');
    return JSON.parse(list).items;
  };
  /** As the coordinator does: by replacing them. */
  const fill = async (release: string) => {
    const items = (await emptyOnes(release)).map((object, i) => ({ ...object, ...KEPT[i] }));
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await server.kubectlWith({ input }, 'replace', '--filename=-');
  };

  test.each(['--server-side=true', '--server-side=false'])(
    'upgrades and rollbacks with %s leave alone what the coordinator keeps in its objects',
    async side => {
      await helm('install', 'a', side);
      await fill('a');
      await helm('upgrade', 'a', side, '--set=coordinator.podLabels.upgraded=yes', '--set=parallelPulls=3');
      expect(await emptyOnes('a')).toMatchObject(KEPT);
      await server.helm('rollback', 'a', '1', '--namespace=a');
      expect(await emptyOnes('a')).toMatchObject(KEPT);
    },
  );

  test.each(['--server-side=true', '--server-side=false'])(
    'an upgrade to the same with %s makes those of these objects again that somebody deleted, empty',
    async side => {
      await helm('install', 'a', side);
      await fill('a');
      const deleted = ['secret/a-kube-prefetch-ca', 'lease/a-kube-prefetch-coordinator'];
      await server.kubectl('delete', ...deleted, '--namespace=a');
      await helm('upgrade', 'a', side);
      const [secret, configMap, lease] = (await emptyOnes('a')) as { kind: string; data?: object; spec?: object }[];
      expect([secret?.kind, secret?.data, lease?.kind, lease?.spec]).toEqual(['Secret', undefined, 'Lease', {}]);
      expect(configMap).toMatchObject(KEPT[1] as object);
    },
  );

  test('uninstalling leaves nothing but the definitions, and the resources', async () => {
    await helm('install', 'a');
    await fill('a');
    await untilServed(server);
    await server.apply({
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: 'ClusterPrefetch',
      metadata: { name: 'tools' },
      spec: { images: ['tools:1'] },
    });
    const manifest = await server.helm('get', 'manifest', 'a', '--namespace=a');
    const left = async () => {
      const options = ['--filename=-', '--namespace=a', '--ignore-not-found', '--output=name'];
      return (await server.kubectlWith({ input: manifest }, 'get', ...options)).trim().split('\n').sort();
    };
    expect(await left()).toHaveLength(17);
    const said = await server.helm('uninstall', 'a', '--namespace=a');
    for (const name of CRDS) expect(said).toContain(`[CustomResourceDefinition] ${name}`);
    const kept = CRDS.map(name => `customresourcedefinition.apiextensions.k8s.io/${name}`);
    await waitUntil(async () => (await left()).length <= kept.length, 'what is deleted to be gone', SOON_MS);
    expect(await left()).toEqual(kept);
    expect(await server.kubectl('get', 'cpf', '--output=name')).toBe('clusterprefetch.kube-prefetch.io/tools\n');
  });

  test('definitions upgrade with the chart, and so they do after a reinstallation', async () => {
    await helm('install', 'a');
    const before = await definition(CRDS[0] as string);
    await helm('upgrade', 'a', newerChart());
    const after = await definition(CRDS[0] as string);
    expect(after.spec.names.shortNames).toContain('newer');
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.annotations).not.toMatchObject({ 'kube-prefetch.io/crd-hash': hashOf(before) });
    await server.helm('uninstall', 'a', '--namespace=a');
    await helm('install', 'a');
    expect((await definition(CRDS[0] as string)).spec.names.shortNames).not.toContain('newer');
  });

  test('a release of another name takes the definitions as they are where they are the same', async () => {
    await helm('install', 'a');
    await server.helm('uninstall', 'a', '--namespace=a');
    const notes = await helm('install', 'b');
    for (const name of CRDS) expect(notes).toContain(`The CustomResourceDefinition ${name} is this chart's already`);
    expect(await owners()).toEqual(['a', 'a']);
    await helm('upgrade', 'b', '--set=parallelPulls=3');
    await server.helm('uninstall', 'b', '--namespace=b');
    expect(await owners()).toEqual(['a', 'a']);
  });

  test('where they differ it refuses, and says how they are handed over', async () => {
    await helm('install', 'a', newerChart());
    await server.helm('uninstall', 'a', '--namespace=a');
    await handOver('b', /It belongs to the Helm release a\/a/);
    expect(await owners()).toEqual(['b', 'b']);
    expect((await definition(CRDS[0] as string)).spec.names.shortNames).not.toContain('newer');
    await helm('upgrade', 'b', newerChart());
    expect((await definition(CRDS[0] as string)).spec.names.shortNames).toContain('newer');
  });

  test('definitions that kubectl applied are handed over the same way', async () => {
    await server.kubectl('apply', '--server-side', `--filename=${newerChart()}/files/crds`);
    await handOver('b', /No Helm release owns it/, '--force-conflicts');
    expect(await owners()).toEqual(['b', 'b']);
    expect((await definition(CRDS[0] as string)).spec.names.shortNames).not.toContain('newer');
  });

  test("another operator's definition is handed over as docs/moving-over.md says, with its resources, and stays", async () => {
    const theirs = readYaml(readFileSync(`${CHART}/files/techsquad/prefetches.yaml`, 'utf8'))[0] as object;
    await server.apply({ ...theirs, metadata: { name: TECHSQUAD, annotations: { 'controller-gen': 'v0.2.4' } } });
    await server.kubectl('wait', '--for=condition=Established', `crd/${TECHSQUAD}`);
    const sample = { metadata: { name: 'sample', namespace: 'default' }, spec: { filter_by_labels: { app: 'nginx' } } };
    await server.apply({ apiVersion: 'cache.techsquad.rocks/v1', kind: 'Prefetch', ...sample });
    const { uid } = (await definition(TECHSQUAD)).metadata;
    await helm('install', 'kube-prefetch');
    await expect(helm('upgrade', 'kube-prefetch', '--set=techsquad.enabled=true')).rejects.toThrow(
      new RegExp(`${TECHSQUAD} is on the cluster already`),
    );
    await server.kubectl('create', 'namespace', 'kubernetes-prefetch-operator-system');
    const containers = [{ name: 'a', image: 'a' }];
    await server.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'controller-manager', namespace: 'kubernetes-prefetch-operator-system' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
      },
    });
    const { env } = server;
    expect(await runBlock('docs/moving-over.md', 'kubectl scale deployment', { env })).toContain('REVISION: 2');
    await helm('upgrade', 'kube-prefetch', '--set=techsquad.enabled=false');
    expect((await definition(TECHSQUAD)).metadata.uid).toBe(uid);
    expect(await server.kubectl('get', TECHSQUAD, '--output=name')).toContain('sample');
  });

  test('a release that lives on after its definitions were handed over does not take them along', async () => {
    await helm('install', 'a');
    for (const command of commandsFor('b')) await server.kubectl(...command.split(' '));
    await helm('install', 'b');
    await helm('upgrade', 'a', '--set=parallelPulls=3');
    expect(await owners()).toEqual(['b', 'b']);
    await server.helm('uninstall', 'a', '--namespace=a');
    expect(await owners()).toEqual(['b', 'b']);
  });

  test('without crds.install nothing is said about definitions that differ', async () => {
    await server.kubectl('apply', '--server-side', `--filename=${CRD_FOLDER}`);
    const notes = await helm('install', 'b', '--set=crds.install=false');
    expect(notes).toContain('The CustomResourceDefinitions are not installed by this release.');
    expect(await owners()).toEqual([undefined, undefined]);
  });

  test('the resource that the notes apply is a valid one', async () => {
    const notes = await helm('install', 'a');
    await untilServed(server);
    const [, manifest] = /<<'END'\n([\s\S]*?)\nEND\n/.exec(notes) ?? [];
    const answer = await server.kubectlWith({ input: manifest }, ...TRY);
    expect(answer).toContain('clusterprefetch.kube-prefetch.io/first created');
  });

  test('the commands of the pages install, show, upgrade and uninstall a release', async () => {
    await server.kubectl('delete', 'namespace', 'kube-prefetch', '--ignore-not-found');
    const { env } = server;
    const noPods = { env, leftOut: ['--wait'] };
    await runBlock('docs/install.md', 'kubectl create namespace', noPods);
    await untilServed(server);
    await server.kubectl('create', 'namespace', 'shop');
    const web = { metadata: { name: 'web', namespace: 'shop' }, spec: { images: ['registry.example/shop/web:1.0'] } };
    await server.apply({ apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'Prefetch', ...web });
    const used = await whileAllIsWarm(server, () => runBlock('docs/install.md', 'kubectl get prefetches', { env }));
    expect(used).toMatch(/web[^]*condition met[^]*FIELDS:/);
    const instead = { NAME: 'kube-prefetch-ca', NAMESPACE: 'kube-prefetch' };
    expect(await runBlock('docs/security.md', 'kubectl patch secret', { env, instead })).toContain('patched');
    expect(await runBlock('docs/install.md', 'helm upgrade', noPods)).toContain('REVISION: 2');
    expect(await runBlock('docs/install.md', 'helm uninstall', { env })).toContain('uninstalled');
    expect(await whileAllIsWarm(server, () => runBlock('README.md', 'helm install', noPods))).toContain(
      'condition met',
    );
    await server.helm('uninstall', 'kube-prefetch', '--namespace=kube-prefetch');
    expect(await runBlock('charts/kube-prefetch/README.md', 'helm install', { env })).toContain('STATUS: deployed');
  });

  /** Does what the refusals say, until there is none. */
  async function handOver(release: string, why: RegExp, ...args: readonly string[]): Promise<void> {
    for (const name of CRDS) {
      const refusal = await helm('install', release).then(
        () => '',
        (error: Error) => error.message,
      );
      expect(refusal).toContain(`The CustomResourceDefinition ${name} is on the cluster already`);
      expect(refusal).toMatch(why);
      for (const [, command] of refusal.matchAll(/^ +kubectl (.*)$/gm))
        await server.kubectl(...(command as string).split(' '));
    }
    await helm('install', release, ...args);
  }

  /** The chart of a later version, whose definitions differ. */
  function newerChart(): string {
    const chart = join(folder.path, 'newer-chart');
    cpSync(CHART, chart, { recursive: true });
    for (const name of ['clusterprefetches', 'prefetches']) {
      const file = join(chart, 'files/crds', `${name}.yaml`);
      const text = readFileSync(join(CRD_FOLDER, `${name}.yaml`), 'utf8');
      writeFileSync(
        file,
        text.replace(/shortNames:\n/, `shortNames:\n      - ${name === 'prefetches' ? 'new' : 'newer'}\n`),
      );
    }
    return chart;
  }
});

function chartOf(args: readonly string[]): string {
  return args.find(argument => argument.startsWith('/')) ?? CHART;
}

function hashOf({ metadata }: Definition): string | undefined {
  return metadata.annotations?.['kube-prefetch.io/crd-hash'];
}

function commandsFor(release: string): readonly string[] {
  return CRDS.map(
    name =>
      `annotate crd/${name} meta.helm.sh/release-name=${release} meta.helm.sh/release-namespace=${release} --overwrite`,
  );
}
