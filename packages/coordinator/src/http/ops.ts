import { keepScrape } from '@kube-prefetch/process';
import type { FastifyInstance } from 'fastify';
import { type AppParts, createApp } from './create-app.ts';

export interface OpsSide {
  /** The first full read is done and, in a term, plans are assigned. */
  ready(): boolean;
  /** False if the last pass of a running term is too long ago. */
  alive(): boolean;
  /** Text in the form that the type names. */
  exposeMetrics(): Promise<{ readonly type: string; readonly text: string }>;
}

export interface OpsAppParts extends Omit<AppParts, 'quietRoutes'> {
  /** Whether agents can be answered; true unless given. */
  readonly serving?: () => boolean;
  /** What is wrong with the certificate authority; nothing unless given. */
  readonly authorityProblem?: () => string | undefined;
}

/** Health, readiness and metrics: for the kubelet and Prometheus. */
export function opsApp(
  c: OpsSide,
  { serving = () => true, authorityProblem = () => undefined, ...parts }: OpsAppParts,
): FastifyInstance {
  const app = createApp({ ...parts, quietRoutes: ['/healthz', '/readyz', '/metrics'] });
  app.get('/healthz', async (_request, reply) =>
    c.alive()
      ? reply.send({ status: 'ok' })
      : reply.code(503).send({ status: 'the last pass of the line is too long ago' }),
  );
  app.get('/readyz', async (_request, reply) => {
    const problem = authorityProblem();
    const beside = problem === undefined ? {} : { authority: problem };
    return c.ready() && serving()
      ? reply.send({ status: 'ok', ...beside })
      : reply.code(503).send({ status: 'the cluster is not read yet, or agents cannot be served', ...beside });
  });
  const scrape = keepScrape(parts.clock, () => c.exposeMetrics());
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await scrape();
    return reply.type(type).send(text);
  });
  return app;
}
