import type { Server as HttpServer } from 'node:http';
import type { Server as TlsServer } from 'node:tls';
import { type Log, paceHandshakes, refusePipelining } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import fastify, { type FastifyInstance } from 'fastify';
import type { ServerCertificate } from '../tls/index.ts';
import { limitLines } from './limit-log-lines.ts';
import { type AdmitUnzipped, readJson } from './read-json.ts';
import { answerError, unknownRoute } from './answer-error.ts';

/**
 * A connection that stands idle costs as much as one that is used, about 40 KiB, and resuming its session costs little. Answers tell
 * clients of it; Node's closes a second earlier, so that no request meets the end of its connection.
 */
const KEEP_ALIVE_MS = 5_000;
/** How long a TLS handshake may take, one that never begins included. */
const HANDSHAKE_MS = 10_000;
/** How long a request may take to arrive. Its answer may take longer. */
const ARRIVAL_MS = 30_000;
/** For routes that name no limit: nobody should send them a body. */
const MAX_OTHER_BODY_BYTES = 1_024;

export interface AppParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RequestMetrics;
  /** Routes whose requests are routine: logged at debug. */
  readonly quietRoutes: readonly string[];
  readonly admitUnzipped?: AdmitUnzipped | undefined;
  /** With it the app speaks TLS, and nothing else. */
  readonly certificate?: ServerCertificate | undefined;
}

export interface RequestMetrics {
  request(route: string, status: number, durationMs: number): void;
}

/** What the three listeners have in common: limits, the error handler, and the one hook that logs and times. */
export function createApp({ clock, log, metrics, quietRoutes, certificate, admitUnzipped }: AppParts): FastifyInstance {
  const write = limitLines(log, clock);
  const app = fastify({
    https:
      certificate === undefined
        ? null
        : { ...tlsOptions(certificate), handshakeTimeout: HANDSHAKE_MS, ALPNCallback: chooseHttp1 },
    logger: false,
    bodyLimit: MAX_OTHER_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: ARRIVAL_MS,
    // A long poll is answered late.
    connectionTimeout: 0,
    handlerTimeout: 0,
    // Handlers answer ShuttingDown themselves.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors(error, request, reply) {
      void answerError(write, error, request, reply);
    },
  });
  if (certificate !== undefined) paceHandshakes(app.server, clock);
  app.removeContentTypeParser('text/plain');
  readJson(app as unknown as FastifyInstance, admitUnzipped);
  const startedMs = new WeakMap<object, number>();

  app.setErrorHandler((error, request, reply) => answerError(write, error, request, reply));
  app.setNotFoundHandler(unknownRoute);
  refusePipelining(app.server as HttpServer);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.raw.socket.destroyed) reply.hijack();
    else done();
  });
  app.addHook('onRequest', async request => {
    startedMs.set(request, clock.monotonicMs());
  });
  app.addHook('onResponse', async (request, reply) => {
    const durationMs = Math.round(clock.monotonicMs() - (startedMs.get(request) ?? 0));
    const route = request.routeOptions.url ?? 'unknown';
    metrics.request(route, reply.statusCode, durationMs);
    const level = quietRoutes.includes(route) && reply.statusCode < 500 ? 'debug' : 'info';
    const { method, url, ip: from } = request;
    const status = reply.statusCode;
    write(level, `${route} ${status}`, { from, method, url, status, durationMs }, 'request answered');
  });
  return app as unknown as FastifyInstance;
}

/**
 * What Node's HTTPS server would do by itself, with the name as bytes that it copies for each connection, out of a pool of 64 KiB:
 * those few bytes would keep the pool for as long as the connection stands.
 */
function chooseHttp1({ protocols }: { readonly protocols: readonly string[] }): string | undefined {
  return protocols.find(protocol => protocol === 'http/1.1');
}

/** New connections get it; open ones keep the certificate they have. */
export function useCertificate(app: FastifyInstance, certificate: ServerCertificate): void {
  (app.server as unknown as TlsServer).setSecureContext(tlsOptions(certificate));
}

function tlsOptions(certificate: ServerCertificate) {
  return { ...certificate, minVersion: 'TLSv1.3' } as const;
}
