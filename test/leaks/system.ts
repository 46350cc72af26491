import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, buildIndex } from '@kube-prefetch/lab/images';
import { type Canary, canary } from './canaries.ts';
import { ECHOES, type Heard, PLACES } from './echoes.ts';
import { type HostileRegistry, wantsToken } from './hostile-registry.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const secretOf = (kind: string) => canary(kind).secret;
const V1 = 'credentialprovider.kubelet.k8s.io/v1';

/** Where the credential of a repository is from: its first folder. `proves` are sent to the registry, `others` must not even get there. */
const ORIGINS = {
  basic: { proves: ['basic'], others: [] },
  pair: { proves: ['pair'], others: [] },
  dockercfg: { proves: ['dockercfg'], others: [] },
  identity: { proves: ['identity token'], others: ['name of an identity token'] },
  two: { proves: ['first of two', 'second of two'], others: [] },
  node: { proves: ['docker config of the node'], others: [] },
  plugin: {
    proves: ['answer of a plugin'],
    others: ['argument of a plugin', 'environment of a plugin', 'stderr of a plugin'],
  },
  garbage: { proves: [], others: ['garbage of a plugin'] },
  stderr: { proves: [], others: ['last words of a plugin'] },
  nul: { proves: [], others: ['environment with a NUL'] },
  hangs: { proves: [], others: ['output of a plugin that hangs'] },
  cut: { proves: [], others: ['JSON that is cut'] },
  nocolon: { proves: [], others: ['auth without a colon'] },
  fields: { proves: [], others: ['wrong fields'] },
  type: { proves: [], others: ['wrong type'] },
} as const satisfies Readonly<Record<string, { proves: readonly string[]; others: readonly string[] }>>;
type Origin = keyof typeof ORIGINS;

/** What the registry's token server gives; nobody but runtimes holds it. */
const REGISTRY_TOKEN = canary('registry token', '-.eyJ_');

/** Nothing of these may be told. */
export const CANARIES: readonly Canary[] = [
  ...Object.values(ORIGINS).flatMap(({ proves, others }) => [...proves, ...others].map(kind => canary(kind))),
  REGISTRY_TOKEN,
];
export const SENT = [...Object.values(ORIGINS).flatMap(({ proves }) => [...proves]), REGISTRY_TOKEN.kind];

/** The node's own credentials, or none that fit: no Secret. */
const OF_THE_NODE: readonly string[] = [
  'node',
  'plugin',
  'garbage',
  'stderr',
  'nul',
  'hangs',
] satisfies readonly Origin[];

/** Of each origin its resource, with the Secrets that count for it. Statuses of a ClusterPrefetch tell messages, those of a Prefetch do not. */
export function prefetchesOf(rows: readonly Row[]): readonly object[] {
  return Object.keys(ORIGINS).map(origin => {
    const ofTheNode = OF_THE_NODE.includes(origin);
    const secrets = ofTheNode ? [] : origin === 'two' ? ['two', 'two-more'] : [origin];
    return {
      apiVersion: 'kube-prefetch.io/v1alpha1',
      kind: ofTheNode ? 'ClusterPrefetch' : 'Prefetch',
      metadata: { name: origin, ...(ofTheNode ? {} : { namespace: 'shop' }) },
      spec: {
        images: rows.filter(row => row.origin === origin).map(({ image }) => image),
        imagePullSecrets: secrets.map(name => ({ name })),
      },
    };
  });
}

/** The entry for that folder, whatever the address. */
function everywhere(addresses: readonly string[]) {
  return (folder: string, entry: object) =>
    Object.fromEntries(addresses.map(address => [`${address}/${folder}`, entry] as const));
}

/** Secrets by name, each for the folder of the registry that its name begins with. */
export function secretsFor(addresses: readonly string[]): readonly object[] {
  const on = everywhere(addresses);
  const secret = (name: string, type: string, key: string, text: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'shop' },
    type: `kubernetes.io/${type}`,
    data: { [key]: base64(text) },
  });
  const config = (name: string, entry: object, folder = name) =>
    secret(name, 'dockerconfigjson', '.dockerconfigjson', JSON.stringify({ auths: on(folder, entry) }));
  const of = (kind: string) => ({ username: 'reader', password: secretOf(kind) });
  return [
    config('basic', of('basic')),
    config('pair', { auth: base64(`reader:${secretOf('pair')}`) }),
    secret('dockercfg', 'dockercfg', '.dockercfg', JSON.stringify(on('dockercfg', of('dockercfg')))),
    config('identity', {
      auth: base64(`reader:${secretOf('name of an identity token')}`),
      identitytoken: secretOf('identity token'),
    }),
    config('two', of('first of two')),
    config('two-more', of('second of two'), 'two'),
    secret(
      'cut',
      'dockerconfigjson',
      '.dockerconfigjson',
      `{"auths": {"${addresses[0]}/cut": {"password": "${secretOf('JSON that is cut')}`,
    ),
    config('nocolon', { auth: base64(secretOf('auth without a colon')) }),
    config('fields', { username: { [secretOf('wrong fields')]: 1 }, password: [secretOf('wrong fields')] }),
    secret('type', 'dockerconfigjson', secretOf('wrong type').replaceAll(/[^A-Za-z0-9]/g, '.'), secretOf('wrong type')),
  ];
}

/** Files of a node: what flags of the agent name them. */
export function writeNodeFiles(dir: string, addresses: readonly string[]): Readonly<Record<string, string>> {
  const on = everywhere(addresses);
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const dockerConfig = join(dir, 'config.json');
  const of = (kind: string) => ({ username: 'reader', password: secretOf(kind) });
  writeFileSync(dockerConfig, JSON.stringify({ auths: on('node', of('docker config of the node')) }));
  const answer = (auth: object) =>
    `process.stdout.write(${JSON.stringify(JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: V1, cacheKeyType: 'Registry', auth }))})`;
  const say = (kind: string, where: string) => `process.${where}.write(${JSON.stringify(secretOf(kind))})`;
  const scripts: Readonly<Record<string, string>> = {
    plugin: `${say('stderr of a plugin', 'stderr')}; ${answer(on('plugin', of('answer of a plugin')))}`,
    garbage: say('garbage of a plugin', 'stdout'),
    stderr: `${say('last words of a plugin', 'stderr')}; throw new Error(${JSON.stringify(secretOf('last words of a plugin'))})`,
    nul: '',
    hangs: `${say('output of a plugin that hangs', 'stdout')}; setTimeout(() => {}, 60_000)`,
  };
  const providers = Object.entries(scripts).map(([name, script]) => {
    const file = join(bin, name);
    writeFileSync(file, `#!${process.execPath}\n${script}\n`);
    chmodSync(file, 0o755);
    const variable = (kind: string, end = '') => [{ name: 'CLOUD_SECRET', value: `${secretOf(kind)}${end}` }];
    return {
      name,
      apiVersion: V1,
      matchImages: addresses.map(address => `${address}/${name}`),
      defaultCacheDuration: '1h',
      ...(name === 'plugin' && { args: [secretOf('argument of a plugin')], env: variable('environment of a plugin') }),
      ...(name === 'nul' && { env: variable('environment with a NUL', '\0') }),
    };
  });
  const providerConfig = join(dir, 'providers.json');
  const config = { kind: 'CredentialProviderConfig', apiVersion: 'kubelet.config.k8s.io/v1', providers };
  writeFileSync(providerConfig, JSON.stringify(config));
  return {
    'docker-config': dockerConfig,
    'credential-provider-config': providerConfig,
    'credential-provider-bin-dir': bin,
    'credential-provider-timeout': '2s',
  };
}

export interface Row {
  readonly image: string;
  readonly origin: Origin;
  /** Absent: the image is served. */
  readonly said?: string;
}

/** Images of every origin, and of ways and places in which a registry may repeat a credential: each share has others. */
export function publishRows(registry: HostileRegistry, run: string, share: 0 | 1): readonly Row[] {
  const rows: Row[] = [];
  const { addresses, withTokens } = registry;
  const pairsOnly = addresses.filter(address => !withTokens.includes(address));
  const addressFor = (hostile: Parameters<HostileRegistry['publish']>[2]) => {
    const fitting = hostile !== undefined && wantsToken(hostile) ? withTokens : pairsOnly;
    return fitting[rows.length % fitting.length] as string;
  };
  const turns: readonly Origin[] = ['basic', 'pair', 'dockercfg', 'node', 'plugin'];
  const publish = (origin: Origin, said?: string, hostile?: Parameters<HostileRegistry['publish']>[2]) => {
    const repository = `${origin}/${run}${rows.length}`;
    registry.publish(repository, buildImage({ files: [{ path: 'x', contents: Buffer.from(repository) }] }), hostile);
    rows.push({ image: `${addressFor(hostile)}/${repository}:1`, origin, ...(said !== undefined && { said }) });
  };
  const places = Object.entries(PLACES);
  const echoes = Object.entries<(heard: Heard) => string>(ECHOES);
  for (const [placed, [where, place]] of places.entries()) {
    // All ways in one place of those that runtimes show, and fewer in the others: what fails by no fault of ours is tried again soon, and
    // a node may not send more than it needs.
    for (const [index, [how, echo]] of echoes.entries()) {
      const every = placed === share ? 1 : placed < 3 ? 3 : 24;
      if ((index + placed + share * 12) % every !== 0) continue;
      publish(turns[rows.length % turns.length] as Origin, `${how} in ${where}`, { place, echo });
    }
    if (placed % 3 === 0)
      publish('two', `what came before in ${where}`, { place, echo: ECHOES.password, earlier: true });
    if (placed % 3 === 1)
      publish('identity', `an identity token in ${where}`, { place, echo: ECHOES.password, token: 'any' });
  }
  const tokens = ['header', 'header in JSON', 'parameter'] as const;
  for (const how of tokens) {
    const place = PLACES['a body'] as (typeof PLACES)[string];
    publish('basic', `the registry token as ${how}`, { place, echo: ECHOES[how], token: REGISTRY_TOKEN.secret });
  }
  for (const origin of Object.keys(ORIGINS) as Origin[]) publish(origin);
  const repository = `basic/${run}other`;
  const platform = 'linux/s390x';
  registry.publish(repository, buildIndex([{ platform, image: buildImage({ platform }) }]));
  rows.push({
    image: `${addressFor(undefined)}/${repository}:1`,
    origin: 'basic',
    said: 'an image of another platform',
  });
  return rows;
}

/** Something that was written or served, and where. */
export interface Written {
  readonly from: string;
  readonly text: string;
}

/** All files below a folder. */
export function filesIn(dir: string): readonly Written[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return entries.map(({ parentPath, name }) => ({ from: name, text: readFileSync(join(parentPath, name), 'utf8') }));
}
