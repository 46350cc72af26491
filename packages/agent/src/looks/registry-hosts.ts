import { readdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { isLoopback } from '@kube-prefetch/process';
import { type HostSettings, type HostsFile, NO_SETTINGS, parseHostsToml } from './parse-hosts-toml.ts';

/** Where a registry, or a mirror of it, answers. */
export interface RegistryHost {
  /** Up to `/v2`. */
  readonly url: URL;
  /** The registry itself: only there credentials go. */
  readonly isOrigin: boolean;
  readonly tls: HostTls;
}

export interface HostTls {
  /** In PEM; absent: what Node trusts by itself. */
  readonly ca?: readonly string[];
  readonly client?: { readonly cert: string; readonly key: string };
  readonly skipVerify: boolean;
}

const MAX_FILES = 32;

/**
 * What the node's runtime is told of a registry, in its order: mirrors, then the registry itself. A mirror at an address, or on this node,
 * is one that nodes are to each other: it answers a tag with what peers hold, and is left out. `folder` is laid out as containerd's, Docker's
 * and podman's certs.d. Throws where it cannot be read.
 */
export async function registryHosts(
  registry: string,
  folder: string | undefined,
  caFile?: string,
): Promise<readonly RegistryHost[]> {
  const found = folder === undefined ? undefined : await findFolder(folder, registry);
  if (found === undefined) {
    const tls = await commonTls(caFile);
    return [{ url: withVersion(originOf(registry, undefined), NO_SETTINGS), isOrigin: true, tls }];
  }
  const { path, file } = found;
  const origin = originOf(registry, file.server);
  const hosts = file.mirrors.flatMap(({ url, settings }) =>
    URL.canParse(url) ? [{ url: new URL(url), settings }] : [],
  );
  const ofOrigin = hosts.find(({ url }) => url.host === origin.host)?.settings ?? file.ofServer;
  const mirrors = hosts.filter(({ url, settings }) => url.host !== origin.host && mayResolve(url, settings));
  const toHost = async (url: URL, settings: HostSettings, isOrigin: boolean): Promise<RegistryHost> => ({
    url: withVersion(url, settings),
    isOrigin,
    tls: await tlsOf(path, settings, caFile),
  });
  return Promise.all([
    ...mirrors.map(({ url, settings }) => toHost(url, settings, false)),
    toHost(origin, ofOrigin, true),
  ]);
}

interface Found {
  readonly path: string;
  readonly file: HostsFile;
}

/** As containerd looks for it; without a hosts.toml the folder holds certificates, as Docker has them. */
async function findFolder(folder: string, registry: string): Promise<Found | undefined> {
  const [, host, port] = /^(.*):(\d+)$/.exec(registry) ?? [];
  const names = [...(port === undefined ? [] : [`${host}_${port}_`]), registry, '_default'];
  for (const name of names) {
    const path = join(folder, name);
    const files = await readdir(path).catch(ignoreMissing);
    if (files === undefined) continue;
    if (!files.includes('hosts.toml'))
      return { path, file: { server: undefined, ofServer: certificatesIn(files), mirrors: [] } };
    return { path, file: parseHostsToml(await readFile(join(path, 'hosts.toml'), 'utf8')) };
  }
  return undefined;
}

function certificatesIn(files: readonly string[]): HostSettings {
  const certificates = files.filter(name => name.endsWith('.cert'));
  return {
    ...NO_SETTINGS,
    ca: files.filter(name => name.endsWith('.crt')),
    client: certificates.map(name => [name, name.replace(/cert$/, 'key')]),
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

function mayResolve(url: URL, { capabilities }: HostSettings): boolean {
  if (!/^https?:$/.test(url.protocol)) return false;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 && host !== 'localhost' && (capabilities?.includes('resolve') ?? true);
}

/** Docker Hub answers at another name than its own. What is on this node speaks plain HTTP to runtimes unless they are told otherwise. */
function originOf(registry: string, server: string | undefined): URL {
  if (server !== undefined && URL.canParse(server)) return new URL(server);
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const url = new URL(`https://${host}`);
  return isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1')) ? new URL(`http://${host}`) : url;
}

function withVersion(url: URL, { overridePath }: HostSettings): URL {
  const path = url.pathname.replace(/\/+$/, '');
  return new URL(overridePath || path.endsWith('/v2') ? path : `${path}/v2`, url);
}

/** That of hosts of which nothing is said. Throws where the file cannot be read. */
export function commonTls(caFile: string | undefined): Promise<HostTls> {
  return tlsOf('', NO_SETTINGS, caFile);
}

async function tlsOf(
  folder: string,
  { ca, client, skipVerify }: HostSettings,
  caFile: string | undefined,
): Promise<HostTls> {
  const files = [...ca.slice(0, MAX_FILES), ...(caFile === undefined ? [] : [caFile])];
  const read = (name: string) => readFile(isAbsolute(name) ? name : join(folder, name), 'utf8');
  const [pair] = client;
  const [cert, key] =
    pair === undefined ? [] : await Promise.all([pair[0] as string, pair[1] ?? (pair[0] as string)].map(read));
  return {
    ...(files.length > 0 && { ca: [...getCACertificates(), ...(await Promise.all(files.map(read)))] }),
    ...(cert !== undefined && key !== undefined && { client: { cert, key } }),
    skipVerify,
  };
}
