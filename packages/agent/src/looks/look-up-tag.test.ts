import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kube-prefetch/time';
import { afterEach, expect, test } from 'vitest';
import { proxyProblems } from '../config.ts';
import { createLookUpTag } from './look-up-tag.ts';
import { registryHosts } from './registry-hosts.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const AUTH = { username: 'reader', password: 'secret-word' };
const never = new AbortController().signal;
const servers: Server[] = [];
const folder = mkdtempSync(join(tmpdir(), 'kp-hosts-'));

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

type Answer = (request: Seen, response: ServerResponse) => void;

async function listen(answer: Answer): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const { method = '', url = '' } = request;
    seen.push({ method, url, authorization: request.headers.authorization });
    answer(seen.at(-1) as Seen, response);
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const tells: Answer = (_request, response) => void response.writeHead(200, { 'docker-content-digest': DIGEST }).end();
const says =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end('<p>what only the registry knows</p>');

const lookUp = (image: string, auth = false, certsDir?: string) =>
  createLookUpTag({ registryCertsDir: certsDir }, systemClock)(image, auth ? AUTH : undefined, never).catch(
    error => `${error.kind}: ${error.message}`,
  );

test('a tag is one HEAD, without credentials where none are wanted', async () => {
  const { address, seen } = await listen(tells);
  expect(await lookUp(`${address}/team/app:v1`, true)).toBe(DIGEST);
  expect(await lookUp(`${address}/team/app`)).toBe(DIGEST);
  expect(seen).toEqual([
    { method: 'HEAD', url: '/v2/team/app/manifests/v1', authorization: undefined },
    { method: 'HEAD', url: '/v2/team/app/manifests/latest', authorization: undefined },
  ]);
});

test.each([
  [401, 'Unauthorized'],
  [403, 'Unauthorized'],
  [404, 'NotFound'],
  [429, 'RateLimited'],
  [500, 'RegistryUnavailable'],
  [204, 'RegistryUnavailable'],
])('%i is %s, in our own words', async (status, kind) => {
  const { address, seen } = await listen(says(status));
  expect(await lookUp(`${address}/app:1`, true)).toBe(`${kind}: http://${address} answers ${status}`);
  expect(seen).toHaveLength(1);
});

test('a registry that does not answer is away', async () => {
  expect(await lookUp('127.0.0.1:1/app:1')).toMatch(/^RegistryUnavailable: .*ECONNREFUSED/);
  expect(await lookUp('Not a reference')).toMatch(/^InvalidReference/);
});

test('where HEAD is not known, or tells no digest, the manifest is read and its digest made', async () => {
  const manifest = '{"schemaVersion":2}';
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const { address, seen } = await listen(({ method }, response) => {
    if (method === 'HEAD') response.writeHead(405).end();
    else response.writeHead(200).end(manifest);
  });
  expect(await lookUp(`${address}/app:1`)).toBe(digest);
  expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
});

test('a manifest without end is not read to its end', async () => {
  const { address } = await listen(({ method }, response) => {
    response.writeHead(200);
    if (method === 'HEAD') return void response.end();
    const send = () => void (response.destroyed || response.write(Buffer.alloc(1024 * 1024), send));
    send();
  });
  expect(await lookUp(`${address}/app:1`)).toMatch(/^RegistryUnavailable: .*longer than/);
});

test('name and password go where the registry asks for them', async () => {
  const { address, seen } = await listen((request, response) =>
    request.authorization === undefined
      ? says(401, { 'www-authenticate': 'Basic realm="x"' })(request, response)
      : tells(request, response),
  );
  expect(await lookUp(`${address}/app:1`, true)).toBe(DIGEST);
  expect(seen.map(({ authorization }) => authorization)).toEqual([
    undefined,
    `Basic ${Buffer.from('reader:secret-word').toString('base64')}`,
  ]);
});

test('a token is fetched from the server that the registry names, with the credential, and used', async () => {
  const tokens = await listen((_request, response) => void response.end('{"token":"abc"}'));
  const realm = `Bearer realm="http://${tokens.address}/token",service="reg",scope="repository:app:pull"`;
  const { address, seen } = await listen((request, response) =>
    request.authorization === 'Bearer abc'
      ? tells(request, response)
      : says(401, { 'www-authenticate': realm })(request, response),
  );
  expect(await lookUp(`${address}/app:1`, true)).toBe(DIGEST);
  expect(tokens.seen).toEqual([
    {
      method: 'GET',
      url: '/token?service=reg&scope=repository%3Aapp%3Apull',
      authorization: expect.stringMatching(/^Basic /),
    },
  ]);
  expect(seen).toHaveLength(2);
});

test('sent to another host, nothing of the credential goes there, not even where that host asks for it', async () => {
  const other = await listen((request, response) =>
    request.url.startsWith('/v2/')
      ? says(401, { 'www-authenticate': `Bearer realm="http://${tokensAddress}/token"` })(request, response)
      : says(404)(request, response),
  );
  const tokens = await listen((request, response) =>
    request.authorization === undefined ? says(200)(request, response) : says(500)(request, response),
  );
  const tokensAddress = tokens.address;
  const { address } = await listen((request, response) =>
    request.authorization === undefined
      ? says(401, { 'www-authenticate': 'Basic realm="x"' })(request, response)
      : says(307, { location: `http://${other.address}${request.url}` })(request, response),
  );
  expect(await lookUp(`${address}/app:1`, true)).toMatch(/^(Unauthorized|RegistryUnavailable): /);
  expect([...other.seen, ...tokens.seen].filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  expect(other.seen.length).toBeGreaterThan(0);
  expect(tokens.seen).toHaveLength(1);
});

test('a registry that sends round in circles is given up', async () => {
  const { address, seen } = await listen((request, response) =>
    says(302, { location: request.url })(request, response),
  );
  expect(await lookUp(`${address}/app:1`)).toMatch(/^RegistryUnavailable: .*from one place to the next/);
  expect(seen).toHaveLength(6);
});

test('a mirror of peers is passed over, and the registry asked', async () => {
  const peers = await listen(tells);
  const { address, seen } = await listen(tells);
  const dir = join(folder, 'peers', `${address.replace(':', '_')}_`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'hosts.toml'), `server = "http://${address}"\n[host."http://${peers.address}"]\n`);
  expect(await lookUp(`${address}/app:1`, false, join(folder, 'peers'))).toBe(DIGEST);
  expect([peers.seen.length, seen.length]).toEqual([0, 1]);
});

test.each<[string, string, string | undefined, readonly (readonly [url: string, isOrigin: boolean])[]]>([
  ['without a file', 'r.example', undefined, [['https://r.example/v2', true]]],
  ['of Docker Hub', 'docker.io', undefined, [['https://registry-1.docker.io/v2', true]]],
  ['on this node', 'localhost:5000', undefined, [['http://localhost:5000/v2', true]]],
  [
    'with mirrors: those that may resolve tags and have names',
    'r.example',
    'server = "https://up.example"\n[host."https://m.example/hub"]\n[host."https://n.example"]\ncapabilities = ["pull"]\n[host."https://[::1]:5000"]\n[host."http://localhost:5000"]\n[host."https://10.0.0.1"]\n[host."ftp://x"]\n[host."no url"]\n',
    [
      ['https://m.example/hub/v2', false],
      ['https://up.example/v2', true],
    ],
  ],
  [
    'with a path of its own',
    'r.example',
    'server = "https://up.example/x/v2/y"\noverride_path = true\n',
    [['https://up.example/x/v2/y', true]],
  ],
])('hosts of a registry %s', async (_case, registry, file, hosts) => {
  const dir = join(folder, 'rows');
  mkdirSync(join(dir, registry), { recursive: true });
  if (file !== undefined) writeFileSync(join(dir, registry, 'hosts.toml'), file);
  const found = await registryHosts(registry, file === undefined ? undefined : dir);
  expect(found.map(({ url, isOrigin }) => [url.href, isOrigin])).toEqual(hosts);
});

test("certificates lie beside the file, and in Docker's folders by their names", async () => {
  const files = { 'ca.crt': 'CA', 'client.cert': 'CERT', 'client.key': 'KEY' };
  for (const [registry, toml] of [
    ['toml.example', 'ca = "ca.crt"\nclient = [["client.cert", "client.key"]]\nskip_verify = true\n'],
    ['docker.example', undefined],
  ] as const) {
    const dir = join(folder, 'certs', registry);
    mkdirSync(dir, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    if (toml !== undefined) writeFileSync(join(dir, 'hosts.toml'), toml);
    const [host] = await registryHosts(registry, join(folder, 'certs'));
    expect(host?.tls.ca?.at(-1)).toBe('CA');
    expect(host?.tls.ca?.length).toBeGreaterThan(50);
    expect([host?.tls.client, host?.tls.skipVerify]).toEqual([{ cert: 'CERT', key: 'KEY' }, toml !== undefined]);
  }
});

test.each([
  [undefined, true],
  ['http://proxy.example:3128', true],
  ['http://proxy.example:3128/', true],
  ['proxy.example:3128', false],
  ['socks5://proxy.example', false],
  ['http://u:secret-word@proxy.example', false],
  ['http://proxy.example/?a', false],
])('the proxy %s is good: %s', (registryProxy, isGood) => {
  const problems = proxyProblems({ registryProxy });
  expect(problems.length).toBe(isGood ? 0 : 1);
  expect(problems.join()).not.toContain('secret-word');
});
