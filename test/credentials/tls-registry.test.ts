import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createLookUpTag } from '@kube-prefetch/agent';
import { createPki } from '@kube-prefetch/lab/cluster';
import { pushImage, startTlsRegistry, type TlsRegistry } from '@kube-prefetch/lab/debian-registry';
import { buildImage } from '@kube-prefetch/lab/images';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { startContainerd } from '@kube-prefetch/lab/runtimes';
import { createCriRuntime } from '@kube-prefetch/runtime';
import { systemClock as clock } from '@kube-prefetch/time';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Only the proxy knows where that is. */
const NAME = 'registry.test';
const never = new AbortController().signal;

const scratch = scratchFolder('kp-tls');
const dir = (name: string) => join(scratch.path, name);
const ca = dir('pki/ca.crt');
const tunnels: string[] = [];
let registry: TlsRegistry;
let proxy: Server;
let proxyUrl: string;
let digest: string;

beforeAll(async () => {
  const pki = await createPki(dir('pki'));
  const files = await pki.issue({ user: 'registry', altNames: ['IP:127.0.0.1', `DNS:${NAME}`] });
  registry = await startTlsRegistry({ dir: dir('r'), ...files });
  digest = await pushImage(registry.open.address, 'team/app', 'v1', buildImage({ files: [] }));
  const [host, port] = registry.address.split(':');
  proxy = createServer((_request, response) => void response.writeHead(400).end());
  proxy.on('connect', ({ url = '' }, client) => {
    tunnels.push(url);
    const server = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    for (const end of [server, client]) end.on('error', () => [server, client].forEach(each => each.destroy()));
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  // A runtime, and so a look, speaks plain HTTP to this machine unless it is told otherwise.
  const server = `server = "https://${registry.address}"\n`;
  writeFileSync(join(folderOf('c/certs.d', registry.address), 'hosts.toml'), `${server}ca = "${ca}"\n[host]\n`);
  writeFileSync(join(folderOf('bare', registry.address), 'hosts.toml'), server);
  copyFileSync(ca, join(folderOf('docker', NAME), 'ca.crt'));
});
afterAll(async () => {
  proxy?.close();
  await registry?.close();
  scratch.remove();
});

function folderOf(certsDir: string, registryName: string): string {
  const folder = join(dir(certsDir), registryName);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const FOUND = 'the digest';
const REFUSED = /^RegistryUnavailable: .*(self-signed certificate|unable to verify)/;
test.each<[string, boolean, Readonly<Record<string, string>>, string | RegExp]>([
  ["with containerd's folder", false, { registryCertsDir: dir('c/certs.d') }, FOUND],
  ['with a folder that names no authority', false, { registryCertsDir: dir('bare') }, REFUSED],
  ['with that and the authority', false, { registryCertsDir: dir('bare'), registryCaFile: ca }, FOUND],
  ["through a proxy with Docker's folder", true, { registryCertsDir: dir('docker') }, FOUND],
  ['through a proxy with the authority', true, { registryCaFile: ca }, FOUND],
  ['through a proxy without it', true, {}, REFUSED],
  [
    'past the proxy',
    true,
    { registryCaFile: ca, registryNoProxy: `other.test,${NAME}` },
    /^RegistryUnavailable: .*ENOTFOUND|EAI_AGAIN/,
  ],
])('a registry with a certificate of a private authority, looked at %s', async (_how, isProxied, access, told) => {
  const before = tunnels.length;
  const lookUp = createLookUpTag({ ...access, ...(isProxied && { registryProxy: proxyUrl }) }, clock);
  const found = await lookUp(`${isProxied ? NAME : registry.address}/team/app:v1`, undefined, never).catch(
    error => `${error.kind}: ${error.message}`,
  );
  if (told === FOUND) expect(found).toBe(digest);
  else expect(found).toMatch(told);
  expect(tunnels.slice(before)).toEqual(isProxied && access.registryNoProxy === undefined ? [`${NAME}:443`] : []);
});

test('containerd pulls from it with the folder that looks read', async () => {
  const containerd = await startContainerd({ dir: dir('c'), version: '2.4', registries: [] });
  try {
    const runtime = createCriRuntime({ socket: containerd.socket, clock });
    const image = `${registry.address}/team/app:v1`;
    await runtime.version(never);
    await runtime.pull(image, undefined, () => {}, never);
    const seen = (await runtime.look([image], never)).get(image);
    expect(seen?.present && seen.digests).toEqual([`${registry.address}/team/app@${digest}`]);
  } finally {
    await containerd.stop();
  }
});
