import type { FastifyInstance } from 'fastify';
import type { Coordinator } from '../create-coordinator.ts';
import { type AppParts, createApp } from './create-app.ts';

/** Health, readiness and metrics: for the kubelet and Prometheus. */
export function opsApp(c: Coordinator, parts: Omit<AppParts, 'quietRoutes'>): FastifyInstance {
  const app = createApp({ ...parts, quietRoutes: ['/healthz', '/readyz', '/metrics'] });
  app.get('/healthz', async (_request, reply) =>
    c.alive() ? reply.send({ status: 'ok' }) : reply.code(503).send({ status: 'the line has not passed for too long' }),
  );
  app.get('/readyz', async (_request, reply) =>
    c.ready() ? reply.send({ status: 'ok' }) : reply.code(503).send({ status: 'no plan is assigned yet' }),
  );
  app.get('/metrics', async (_request, reply) =>
    reply.type(c.metrics.registry.contentType).send(await c.metrics.expose(c)),
  );
  return app;
}
