import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Image, rootOf } from '@kube-prefetch/lab/images';
import type { Answer, Heard, Place } from './echoes.ts';

export interface HostileRegistry {
  /** `127.0.0.1:PORT`, each for all repositories: an agent has one pull at a time from a registry that fails. */
  readonly addresses: readonly string[];
  /** Those of them that send everybody to a token server: dockerd and podman ask only once how to prove themselves. */
  readonly withTokens: readonly string[];
  /** Everything that any request brought: headers, URLs and bodies. */
  readonly heard: readonly string[];
  /** Serves the image to whoever sends any credential, until it turns hostile at a place: there it repeats the credential. */
  publish(repository: string, image: Image, hostile?: Hostile): void;
  close(): Promise<void>;
}

export interface Hostile {
  readonly place: Place;
  readonly echo: (heard: Heard) => string;
  /** Repeats what came before instead: of an earlier try. */
  readonly earlier?: boolean;
  /** Asks for a token of its token server instead of a pair. This one it gives. */
  readonly token?: string;
}

interface Published {
  readonly contents: ReadonlyMap<
    string,
    { readonly mediaType: string; readonly digest: string; readonly bytes: Buffer }
  >;
  readonly hostile: Hostile | undefined;
  readonly came: Heard[];
}

/** As registries are: a node whose pulls fail within milliseconds, one after the other, asks the coordinator more than it may. */
const SLOW_MS = 200;
const ADDRESSES = 40;
const WITH_TOKENS = 10;
const NOTHING: Heard = { authorization: '', username: '', password: '' };

export async function startHostileRegistry(): Promise<HostileRegistry> {
  const heard: string[] = [];
  const published = new Map<string, Published>();

  const listener =
    (ping: 'pair' | 'token'): RequestListener =>
    (request, response) => {
      const take = (chunks: readonly Buffer[]) => {
        const body = Buffer.concat(chunks).toString();
        heard.push(`${request.url} ${request.headers.authorization} ${body}`);
        const url = new URL(request.url ?? '/', 'http://registry');
        send(answer(request, url, body, ping), request, response.socket as NodeJS.WritableStream);
      };
      setTimeout(() => void request.toArray().then(take, () => request.destroy()), SLOW_MS);
    };

  function answer(request: IncomingMessage, url: URL, body: string, ping: 'pair' | 'token'): Answer {
    const now = heardIn(request.headers.authorization, body);
    const tokenServer = `http://${request.headers.host}/token`;
    if (url.pathname === '/v2/') {
      if (now !== undefined) return { status: 200 };
      return ping === 'token' ? bearer(`${tokenServer}/`) : BASIC;
    }
    const scope = url.searchParams.get('scope') ?? new URLSearchParams(body).get('scope');
    const path = url.pathname === '/token/' ? `/token/${scope?.split(':')[1]}` : url.pathname;
    const [, token, repository = '', kind = '', name = ''] =
      /^\/(token|v2)\/(.+?)(?:\/(manifests|blobs)\/([^/]+))?$/.exec(path) ?? [];
    const held = published.get(repository);
    if (held === undefined) return { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' };
    const { hostile, came } = held;
    if (now === undefined) return hostile && wantsToken(hostile) ? bearer(`${tokenServer}/${repository}`) : BASIC;
    if (!came.some(({ authorization }) => authorization === now.authorization)) came.push(now);
    if (hostile !== undefined && isFrom(hostile, token === 'token', request.method ?? '', kind)) {
      const said = hostile.earlier ? came.filter(({ authorization }) => authorization !== now.authorization) : [now];
      const answer = hostile.place.answer(said.map(hostile.echo).join(' '));
      const { length = 0 } = held.contents.get(`${kind}/${name}`)?.bytes ?? {};
      return answer.asLong ? { ...answer, body: (answer.body ?? '').padEnd(length).slice(0, length) } : answer;
    }
    const given = hostile?.token ?? 'any';
    if (token === 'token')
      return { status: 200, body: JSON.stringify({ token: given, access_token: given, expires_in: 3600 }) };
    const contents = held.contents.get(`${kind}/${name}`);
    if (contents === undefined) return { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };
    return {
      status: 200,
      headers: { 'content-type': contents.mediaType, 'docker-content-digest': contents.digest },
      body: contents.bytes.toString('latin1'),
    };
  }

  const servers = Array.from({ length: ADDRESSES }, (_, index) =>
    createServer(listener(index < WITH_TOKENS ? 'token' : 'pair')),
  );
  await Promise.all(servers.map(server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))));
  const addresses = servers.map(server => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    addresses,
    withTokens: addresses.slice(0, WITH_TOKENS),
    heard,
    publish(repository, image, hostile) {
      const { digest, mediaType, contents: root } = rootOf(image);
      const all = [
        ...image.blobs.map(blob => [`blobs/${blob.digest}`, blob] as const),
        ...image.manifests.map(manifest => [`manifests/${manifest.digest}`, manifest] as const),
        ['manifests/1', { digest, mediaType, contents: root }] as const,
      ];
      const contents = new Map(
        all.map(([path, { mediaType, digest, contents }]) => [path, { mediaType, digest, bytes: contents }]),
      );
      published.set(repository, { contents, hostile, came: [] });
    },
    async close() {
      const closed = servers.map(server => new Promise<void>(resolve => server.close(() => resolve())));
      for (const server of servers) server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

const BASIC: Answer = { status: 401, headers: { 'www-authenticate': 'Basic realm="hostile"' } };
const bearer = (realm: string): Answer => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${realm}",service="hostile"` },
});

export function wantsToken({ place, token }: Hostile): boolean {
  return place.from === 'token server' || token !== undefined;
}

function isFrom({ place: { from } }: Hostile, token: boolean, method: string, kind: string): boolean {
  if (token || from === 'token server') return token && from === 'token server';
  if (from === 'HEAD') return true;
  return method !== 'HEAD' && (from === 'GET of the manifest' || kind === 'blobs');
}

/** Basic, a bearer token, or an identity token in a form. */
function heardIn(authorization: string | undefined, body: string): Heard | undefined {
  const form = new URLSearchParams(body);
  const refresh = form.get('refresh_token') ?? form.get('password');
  if (refresh !== null) return { authorization: body, username: form.get('username') ?? '', password: refresh };
  if (authorization === undefined) return undefined;
  const value = authorization.replace(/^\w+ /, '');
  if (!authorization.startsWith('Basic ')) return { ...NOTHING, authorization, password: value };
  const [username = '', ...rest] = Buffer.from(value, 'base64').toString().split(':');
  return { authorization, username, password: rest.join(':') };
}

/** By hand: Node's server refuses to send what a hostile one does. */
function send(
  { status, statusText = 'Said', headers = {}, body = '', raw, hangs = false }: Answer,
  request: IncomingMessage,
  to: NodeJS.WritableStream,
) {
  const oneLine = (text: string) =>
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/[\r\n]+/g, ' ');
  const isText = !/octet|image|tar|gzip/.test(headers['content-type'] ?? '');
  const bytes = Buffer.from(body, isText ? 'utf8' : 'latin1');
  const head = [
    `HTTP/1.1 ${status} ${oneLine(statusText)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${oneLine(value)}`),
    `content-length: ${bytes.length + (hangs ? 1_000 : 0)}`,
    'connection: close',
  ];
  to.write(Buffer.from(raw ?? `${head.join('\r\n')}\r\n\r\n`, raw === undefined ? 'latin1' : 'utf8'));
  if (hangs) to.write(bytes);
  else to.end(raw === undefined && request.method !== 'HEAD' ? bytes : '');
}
