import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Image, rootOf } from '../images/index.ts';
import type { Behaviour, Reaction } from './reaction.ts';
import { rememberRequests, type SeenRequests } from './seen-requests.ts';
import { CHALLENGE, type Contents, sendContents, sendMissing, sendReaction } from './send-answer.ts';

export interface ScriptedRegistry {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly requests: SeenRequests;
  /** Answers the digest. Without a tag the image has only that. */
  publish(repository: string, tag: string | undefined, image: Image): string;
  /** A manifest of any type, or what only claims to be one. */
  publishManifest(repository: string, tag: string, mediaType: string, body: string): string;
  behave(repository: string, behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Longer than any suite takes. A registry that nobody closed ends then. */
const LIFETIME_MS = 2 * 60 * 60_000;

export interface ScriptedRegistryOptions {
  readonly port?: number;
  /**
   * Asks for credentials at `/v2/` already, which is where Docker learns that there are any to send; what is published
   * without credentials is then no longer for everybody.
   */
  readonly guarded?: boolean;
}

/** A Docker Registry v2 for reading, in memory and on loopback, that answers whatever a test wants it to. */
export async function startScriptedRegistry({
  port = 0,
  guarded = false,
}: ScriptedRegistryOptions = {}): Promise<ScriptedRegistry> {
  const held = new Map<string, Contents>();
  const behaviours = new Map<string, Behaviour>();
  const requests = rememberRequests();

  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?'); // a mirror is told `?ns=` the registry it stands in for
    requests.note(request.method ?? '', path, response);
    answer(path, request, response);
  });

  function answer(path: string, request: IncomingMessage, response: ServerResponse) {
    const [, repository = '', kind, name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    const behaviour = behaviours.get(repository) ?? {};
    const contents = held.get(path);
    const reaction = kind === 'manifests' ? behaviour.manifests : reactionForBlob(behaviour, name);
    if (path === '/v2/')
      sendReaction(guarded && !request.headers.authorization ? CHALLENGE : OK, undefined, request, response);
    else if (!allowed(behaviour, request)) sendReaction(CHALLENGE, contents, request, response);
    else if (reaction !== undefined) sendReaction(reaction, contents, request, response);
    else if (contents !== undefined) sendContents(contents, request, response);
    else sendMissing(response);
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const lifetime = setTimeout(() => void close(), LIFETIME_MS).unref();

  function close(): Promise<void> {
    clearTimeout(lifetime);
    return new Promise(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    publish(repository, tag, image) {
      for (const { digest, mediaType, contents } of image.blobs)
        held.set(`/v2/${repository}/blobs/${digest}`, { digest, mediaType, bytes: contents });
      for (const { digest, mediaType, contents } of image.manifests)
        held.set(`/v2/${repository}/manifests/${digest}`, { digest, mediaType, bytes: contents });
      const { digest, mediaType, contents } = rootOf(image);
      if (tag !== undefined) held.set(`/v2/${repository}/manifests/${tag}`, { digest, mediaType, bytes: contents });
      return digest;
    },
    publishManifest(repository, tag, mediaType, body) {
      const bytes = Buffer.from(body);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      for (const name of [tag, digest]) held.set(`/v2/${repository}/manifests/${name}`, { digest, mediaType, bytes });
      return digest;
    },
    behave: (repository, behaviour) => behaviours.set(repository, behaviour),
    close,
  };
}

const OK: Reaction = { do: 'answer', status: 200 };

function reactionForBlob({ blobs, onlyBlobs }: Behaviour, digest: string): Reaction | undefined {
  return onlyBlobs === undefined || onlyBlobs.includes(digest) ? blobs : undefined;
}

function allowed({ credentials }: Behaviour, request: IncomingMessage): boolean {
  if (credentials === undefined) return true;
  const { username, password } = credentials;
  return request.headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
