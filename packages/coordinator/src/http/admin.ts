import {
  type ImageRef,
  type ImageView,
  MAX_PREVIEW_BYTES,
  messageParser,
  type NodeView,
  type Overview,
  type Preview,
  PreviewRequest,
  ResourcesQuery,
  type ResourcesView,
} from '@kube-prefetch/protocol';
import type { PageFile } from '@kube-prefetch/dashboard';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AppParts, createApp } from './create-app.ts';
import { requireLoopbackHost, requireOwnPage } from './loopback.ts';
import { type PageSide, servePage } from './page.ts';

export interface ReadSide extends PageSide {
  overview(): Overview;
  resources(asked: ResourcesQuery): ResourcesView;
  node(name: string): NodeView;
  image(image: ImageRef): ImageView;
  /** What a Prefetch or ClusterPrefetch as a person wrote it would do. */
  preview(document: unknown): Preview;
}

const parsePreview = messageParser(PreviewRequest, 'request for a preview');
const parseQuery = messageParser(ResourcesQuery, 'query for resources');

export interface AdminAppParts extends Omit<AppParts, 'quietRoutes'> {
  /** The page's files; those of the build unless given. */
  readonly page?: readonly PageFile[];
}

/** The read side, for people and the command line. */
export function adminApp(c: ReadSide, { page, ...parts }: AdminAppParts): FastifyInstance {
  const app = createApp({
    ...parts,
    quietRoutes: ['/assets/:name', '/v1/asks/*', '/v1/cells', '/v1/events', '/v1/resources'],
  });
  app.addHook('onRequest', requireLoopbackHost);
  app.addHook('onRequest', requireOwnPage);
  servePage(app, c, parts.clock, page);
  app.get('/v1/overview', async () => c.overview());
  app.get('/v1/resources', async request => c.resources(parseQuery(queryOf(request))));
  app.get('/v1/nodes/:node', async request => c.node(paramOf(request, 'node')));
  // A wildcard, because a reference contains slashes.
  app.get('/v1/images/*', async request => c.image(paramOf(request, '*')));
  app.post('/v1/preview', { bodyLimit: MAX_PREVIEW_BYTES }, async request =>
    c.preview(parsePreview(request.body).resource),
  );
  return app;
}

/** A name that is there once is a list as well. */
function queryOf({ query }: FastifyRequest): object {
  const { name, ...others } = query as { name?: unknown };
  return { ...others, ...(name !== undefined && { name: [name].flat() }) };
}

function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}
