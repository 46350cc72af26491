import type { ImageRef, ImageView, NodeView, Overview } from '@kube-prefetch/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AppParts, createApp } from './create-app.ts';
import { requireLoopbackHost, requireOwnPage } from './loopback.ts';
import { type PageSide, servePage } from './page.ts';

export interface ReadSide extends PageSide {
  overview(): Overview;
  node(name: string): NodeView;
  image(image: ImageRef): ImageView;
}

/** The read side, for people and the command line. */
export function adminApp(c: ReadSide, parts: Omit<AppParts, 'quietRoutes'>): FastifyInstance {
  const app = createApp({ ...parts, quietRoutes: [] });
  app.addHook('onRequest', requireLoopbackHost);
  app.addHook('onRequest', requireOwnPage);
  servePage(app, c, parts.clock);
  app.get('/v1/overview', async () => c.overview());
  app.get('/v1/nodes/:node', async request => c.node(paramOf(request, 'node')));
  // A wildcard, because a reference contains slashes.
  app.get('/v1/images/*', async request => c.image(paramOf(request, '*')));
  return app;
}

function paramOf(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? '';
}
