import { createHash } from 'node:crypto';
import { Agent as HttpAgent, type IncomingMessage, request as overHttp } from 'node:http';
import { Agent as HttpsAgent, request as overHttps } from 'node:https';
import { errorText, type FailureKind, parseReference, repositoryOf } from '@kube-prefetch/protocol';
import { isLoopback } from '@kube-prefetch/process';
import { PullFailure, type RegistryAuth } from '@kube-prefetch/runtime';
import { readBody } from '../client/send-request.ts';
import type { HostTls, RegistryHost } from './registry-hosts.ts';

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const DIGEST = /^sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_TOKEN_BYTES = 256 * 1024;
const MAX_REDIRECTS = 5;
const MAX_CHALLENGE_LENGTH = 4_096;

/**
 * What the tag stands for, as the host says: one HEAD, after a token where the registry wants one. Throws PullFailure, with nothing in
 * it that the other side wrote. `auth` goes to the registry itself, and to the token server that it names, and nowhere else.
 */
export async function askRegistry(
  image: string,
  host: RegistryHost,
  { auth, elsewhere, proxy }: AskedWith,
  signal: AbortSignal,
): Promise<string> {
  const url = manifestUrl(image, host);
  const ask: Ask = { url, tls: host.tls, auth: host.isOrigin ? auth : undefined, elsewhere, proxy, signal };
  const answer = await send('HEAD', ask);
  const named = digestIn(answer);
  if (answer.status === 200 && named !== undefined) return named;
  // Some that stand before registries do not know HEAD, or leave the digest out.
  const whole = answer.status === 200 || answer.status === 405 || answer.status === 501;
  const got = whole ? await send('GET', ask) : answer;
  if (got.status !== 200) throw refusal(got, url);
  return digestIn(got) ?? `sha256:${createHash('sha256').update(got.body).digest('hex')}`;
}

function manifestUrl(image: string, { url, isOrigin }: RegistryHost): URL {
  const reference = parseReference(image);
  const [registry = '', ...path] = repositoryOf(reference).split('/');
  const manifest = new URL(`${url.pathname}/${path.join('/')}/manifests/${reference.tag ?? 'latest'}`, url);
  // A mirror is told whom it stands in for.
  if (!isOrigin) manifest.searchParams.set('ns', registry);
  return manifest;
}

export interface AskedWith {
  readonly auth: RegistryAuth | undefined;
  /** Where the registry sends on to another host. */
  readonly elsewhere: HostTls;
  readonly proxy: Proxy | undefined;
}

/** Through which hosts are reached that are not on this node. */
export interface Proxy {
  readonly url: string;
  /** As Node.js reads NO_PROXY: hosts, `.domain`, addresses and ranges of them. */
  readonly except: string;
}

interface Ask extends AskedWith {
  readonly url: URL;
  readonly tls: HostTls;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Proves who asks where that is wanted, and goes where it is sent: to another host without credentials and certificates. */
async function send(method: 'GET' | 'HEAD', ask: Ask): Promise<Answer> {
  let { url } = ask;
  let authorization: string | undefined;
  for (let redirects = 0, challenged = false; ; ) {
    const isHome = url.origin === ask.url.origin;
    const tls = isHome ? ask.tls : ask.elsewhere;
    const headers = { accept: MANIFESTS, ...(authorization !== undefined && { authorization }) };
    const answer = await exchange({ method, url, headers, tls, proxy: ask.proxy }, MAX_MANIFEST_BYTES, ask.signal);
    if (answer.status === 401 && !challenged) {
      challenged = true;
      authorization = await prove(answer, url, isHome ? ask : { ...ask, tls, auth: undefined });
      if (authorization !== undefined) continue;
    }
    const next = redirectOf(answer, url);
    if (next === undefined) return answer;
    if ((redirects += 1) > MAX_REDIRECTS) throw away(url, 'it sends from one place to the next');
    if (next.origin !== url.origin) [authorization, challenged] = [undefined, false];
    url = next;
  }
}

/** From TLS it leads to TLS. */
function redirectOf({ status, headers }: Answer, from: URL): URL | undefined {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const next = new URL(location, from);
  if (next.protocol !== 'https:' && next.protocol !== from.protocol) return undefined;
  return /^https?:$/.test(next.protocol) ? next : undefined;
}

/** The value of the header that answers the challenge; undefined where there is none to give. */
async function prove({ headers }: Answer, url: URL, { tls, auth, proxy, signal }: Ask): Promise<string | undefined> {
  const challenge = headers['www-authenticate']?.slice(0, MAX_CHALLENGE_LENGTH) ?? '';
  if (/^basic\b/i.test(challenge)) return auth && basic(auth);
  if (!/^bearer\s/i.test(challenge)) return undefined;
  const { realm, service, scope } = parametersOf(challenge);
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const server = new URL(realm);
  if (server.protocol !== 'https:' && server.protocol !== url.protocol) return undefined;
  const own = server.origin === url.origin ? tls : { ...tls, client: undefined };
  const call = { ...tokenCall(server, { service, scope }, own, auth), proxy };
  const answer = await exchange(call, MAX_TOKEN_BYTES, signal);
  if (answer.status !== 200) throw refusal(answer, server);
  const token = tokenIn(answer.body);
  if (token === undefined) throw away(server, 'it answers without a token');
  return `Bearer ${token}`;
}

/** https://distribution.github.io/distribution/spec/auth/token, and oauth for what is a token already. */
function tokenCall(
  server: URL,
  wanted: { readonly service: string | undefined; readonly scope: string | undefined },
  tls: Call['tls'],
  auth: RegistryAuth | undefined,
): Omit<Call, 'proxy'> {
  const url = new URL(server);
  const given = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (auth?.identityToken === undefined) {
    for (const [name, value] of given) url.searchParams.set(name, value);
    return { method: 'GET', url, headers: auth ? { authorization: basic(auth) } : {}, tls };
  }
  const form = { grant_type: 'refresh_token', refresh_token: auth.identityToken, client_id: 'kube-prefetch' };
  const body = new URLSearchParams({ ...form, ...Object.fromEntries(given) }).toString();
  return { method: 'POST', url, headers: { 'content-type': 'application/x-www-form-urlencoded' }, tls, body };
}

function basic({ username, password }: RegistryAuth): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function parametersOf(challenge: string): Readonly<Partial<Record<string, string>>> {
  return Object.fromEntries(
    [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, name = '', value = '']) => [name.toLowerCase(), value]),
  );
}

function tokenIn(body: Buffer): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const found = typeof token === 'string' && token !== '' ? token : other;
    // Anything else would be no header.
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function digestIn({ headers }: Answer): string | undefined {
  const digest = headers['docker-content-digest'];
  return typeof digest === 'string' && DIGEST.test(digest) ? digest : undefined;
}

function refusal({ status }: Answer, url: URL): PullFailure {
  const kinds: Readonly<Partial<Record<number, FailureKind>>> = {
    401: 'Unauthorized',
    403: 'Unauthorized',
    404: 'NotFound',
    429: 'RateLimited',
  };
  return new PullFailure(kinds[status] ?? 'RegistryUnavailable', `${url.origin} answers ${status}`);
}

function away(url: URL, why: string, cause?: unknown): PullFailure {
  return new PullFailure('RegistryUnavailable', `${url.origin}: ${why}`, { cause });
}

interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Omit<HostTls, 'client'> & { readonly client?: HostTls['client'] | undefined };
  readonly body?: string;
  readonly proxy: Proxy | undefined;
}

/** One request on a connection of its own: looks are minutes apart. */
async function exchange(call: Call, mostBytes: number, signal: AbortSignal): Promise<Answer> {
  const { method, url, headers, tls, body, proxy } = call;
  const secure = { ca: tls.ca && [...tls.ca], ...tls.client, rejectUnauthorized: !tls.skipVerify };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const agent = proxiedAgent(url, proxy) ?? false;
      const options = { method, headers: { 'user-agent': 'kube-prefetch', ...headers }, agent, signal };
      const sent = url.protocol === 'https:' ? overHttps(url, { ...options, ...secure }) : overHttp(url, options);
      sent.once('response', resolve).on('error', reject).end(body);
    });
    return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response, mostBytes) };
  } catch (error) {
    signal.throwIfAborted();
    throw away(url, errorText(error), error);
  }
}

/** Undefined where the host is asked directly: what is on this node is, as by the runtimes. */
function proxiedAgent({ protocol, hostname }: URL, proxy: Proxy | undefined): HttpAgent | undefined {
  if (proxy === undefined || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))) return undefined;
  const proxyEnv = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: proxy.except };
  return protocol === 'https:' ? new HttpsAgent({ proxyEnv }) : new HttpAgent({ proxyEnv });
}
