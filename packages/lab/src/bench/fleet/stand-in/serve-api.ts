import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { JsonWebKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterObjects, type StandInObject } from './cluster-objects.ts';
import type { FleetShape } from '../fleet-shape.ts';
import { createCollection, keyOf, type ObjectCollection } from './object-collection.ts';

/** What a real API server was seen to take for one. */
const REVIEW_MS = 10;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface StandIn {
  readonly server: Server;
  collection(path: string): ObjectCollection;
  /** Requests since the start, by verb and resource. */
  counts(): Readonly<Record<string, number>>;
}

/** What the coordinator asks of an API server, over HTTP and from memory: no etcd, no admission, no authorisation. */
export function serveApi(shape: FleetShape, key: JsonWebKey): StandIn {
  let version = 1;
  const collections = new Map<string, ObjectCollection>();
  const counts: Record<string, number> = {};
  const collection = (path: string) => {
    const known = collections.get(path);
    if (known !== undefined) return known;
    const made = createCollection(
      () => ++version,
      () => version,
    );
    collections.set(path, made);
    return made;
  };
  for (const [path, objects] of Object.entries(clusterObjects(shape)))
    for (const object of objects) collection(path).put(object);
  const count = (verb: string, path: string) => {
    const name = `${verb} ${path.split('/').at(-1)}`;
    counts[name] = (counts[name] ?? 0) + 1;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const at = partsOf(url.pathname);
    const body = request.method === 'GET' ? undefined : await readBody(request);
    if (at.path === '/openid/v1/jwks') return send(response, 200, JSON.stringify({ keys: [key] }));
    if (at.path === '/apis') return send(response, 200, JSON.stringify({ kind: 'APIGroupDiscoveryList', items: [] }));
    if (at.path.endsWith('/tokenreviews')) {
      count('create', at.path);
      await sleep(REVIEW_MS);
      return send(response, 201, JSON.stringify(review(body)));
    }
    const objects = collection(at.path);
    if (request.method === 'GET' && at.name === undefined) {
      if (url.searchParams.get('watch') === 'true') {
        count('watch', at.path);
        const after = Number(url.searchParams.get('resourceVersion'));
        return objects.watch(response, after, Number(url.searchParams.get('timeoutSeconds') ?? 300));
      }
      count('list', at.path);
      const { limit, continue: from } = Object.fromEntries(url.searchParams);
      // An empty list names its kind all the same, as the coordinator checks.
      const page = objects.page(Number(limit ?? 500), Number(from ?? 0));
      return send(
        response,
        200,
        page.replace('"kind":"ObjectList"', `"kind":"${EMPTY_KINDS[at.path] ?? 'ObjectList'}"`),
      );
    }
    const known = at.name === undefined ? undefined : objects.get(keyOf({ ...at, name: at.name }));
    if (request.method === 'POST') {
      count('create', at.path);
      return send(response, 201, JSON.stringify(objects.put(body as StandInObject)));
    }
    if (known === undefined)
      return send(response, 404, JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound' }));
    if (request.method === 'PUT') {
      count('update', at.path);
      if ((body as StandInObject).metadata.resourceVersion !== known.metadata.resourceVersion)
        return send(response, 409, JSON.stringify({ kind: 'Status', code: 409, reason: 'Conflict' }));
      return send(response, 200, JSON.stringify(objects.put(body as StandInObject)));
    }
    if (request.method === 'PATCH') {
      count('patch', at.path);
      return send(response, 200, JSON.stringify(objects.put(mergePatch(known, body) as StandInObject)));
    }
    count('get', at.path);
    return send(response, 200, JSON.stringify(known));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(error => send(response, 500, JSON.stringify({ message: String(error) })));
  });
  server.keepAliveTimeout = 120_000;
  return { server, collection, counts: () => counts };
}

function send(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

interface RequestPath {
  /** Of the collection in all namespaces. */
  readonly path: string;
  readonly namespace?: string;
  readonly name: string | undefined;
}

/** `/apis/apps/v1/namespaces/shop/deployments/web/status` names the object shop/web of `/apis/apps/v1/deployments`. */
function partsOf(pathname: string): RequestPath {
  const [, start = '', ...rest] = pathname.split('/').map(decodeURIComponent);
  const group = start === 'api' ? rest.splice(0, 1) : rest.splice(0, 2);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest.splice(0, 2)[1] : undefined;
  const [plural, name] = rest;
  const path = ['', start, ...group, ...(plural === undefined ? [] : [plural])].join('/');
  return { path, name, ...(namespace !== undefined && { namespace }) };
}

const EMPTY_KINDS: Readonly<Record<string, string>> = {
  '/apis/kube-prefetch.io/v1alpha1/prefetches': 'PrefetchList',
  '/apis/apps/v1/statefulsets': 'StatefulSetList',
  '/apis/apps/v1/daemonsets': 'DaemonSetList',
  '/apis/apps/v1/replicasets': 'ReplicaSetList',
  '/apis/batch/v1/cronjobs': 'CronJobList',
  '/apis/batch/v1/jobs': 'JobList',
  '/apis/resource.k8s.io/v1/deviceclasses': 'DeviceClassList',
  '/apis/resource.k8s.io/v1/resourceslices': 'ResourceSliceList',
  '/api/v1/serviceaccounts': 'ServiceAccountList',
  '/api/v1/pods': 'PodList',
};

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`a body of more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Believes what the token says of itself. */
function review(body: unknown): object {
  const { spec } = body as { spec: { token: string; audiences: string[] } };
  const claims = JSON.parse(Buffer.from(spec.token.split('.')[1] ?? '', 'base64url').toString());
  const bound = claims['kubernetes.io'];
  return {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    status: {
      authenticated: true,
      audiences: spec.audiences,
      user: {
        username: claims.sub,
        extra: {
          'authentication.kubernetes.io/node-name': [bound.node.name],
          'authentication.kubernetes.io/pod-name': [bound.pod.name],
          'authentication.kubernetes.io/pod-uid': [bound.pod.uid],
        },
      },
    },
  };
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}
