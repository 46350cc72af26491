import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { AgentPod, NodeIdentity } from '@kube-prefetch/cluster';
import { planBytes } from '@kube-prefetch/core';
import {
  type AgentApi,
  ApiError,
  CredentialsRequest,
  EPOCH_HEADER,
  MAX_BODY_BYTES,
  MAX_CREDENTIALS_IMAGES,
  MAX_IMAGE_REF_LENGTH,
  MAX_IMAGES_PER_NODE,
  MAX_WAIT_SECONDS,
  NodeReport,
  PermitRequest,
  type Plan,
  messageParser,
} from '@kube-prefetch/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AppParts, createApp } from './create-app.ts';
import { requireLoopbackHost } from './loopback.ts';
import { requireOwnNode } from './require-own-node.ts';

const PLAN = '/v1/nodes/:node/plan';
const REPORT = '/v1/nodes/:node/report';
const PERMITS = '/v1/nodes/:node/leases';
const CREDENTIALS = '/v1/nodes/:node/credentials';
/** Two lists of images, each as long as a reference may be. */
const MAX_PERMITS_BYTES = 2 * MAX_IMAGES_PER_NODE * (MAX_IMAGE_REF_LENGTH + 64);
/**
 * A connection keeps the memory that the longest body needed on its way, up to 64 KiB, as long as it stands. After a body longer than
 * this the next poll that brings no plan ends it: when thousands of nodes report to a new leader they need no second handshake then.
 */
const LONG_BODY_BYTES = 4 * 1024;
const MAX_CREDENTIALS_BYTES = MAX_CREDENTIALS_IMAGES * (MAX_IMAGE_REF_LENGTH + 64) + 64;

export interface AgentsSide {
  /** Of the running term. */
  epoch(): number;
  /** Throws ApiError outside terms. */
  mustLead(): void;
  /** Throws ApiError where the node may not send a request with a body of that size now. */
  admit(node: string, bytes: number): void;
  /** The coordinator as this node's agent sees it, in memory. `pod`: the agent's, where that is known. */
  forNode(node: string, pod?: AgentPod): AgentApi;
}

export interface AgentsAppParts extends Omit<AppParts, 'quietRoutes' | 'admitUnzipped'> {
  /** Without it there is no authentication. */
  readonly identity?: NodeIdentity | undefined;
}

/** The listener of the agents: AgentApi over HTTP, a thin edge over `forNode`. */
export function agentsApp(c: AgentsSide, { identity, ...parts }: AgentsAppParts): FastifyInstance {
  const app = createApp({
    ...parts,
    quietRoutes: [PLAN, REPORT, PERMITS, CREDENTIALS],
    admitUnzipped: (request, bytes) => c.admit(nodeOf(request), bytes),
  });
  if (identity === undefined) app.addHook('onRequest', requireLoopbackHost);
  app.addHook('onRequest', async (request, reply) => {
    // The connection stays open: while nobody leads agents try again and again, and a handshake costs more than an answer.
    c.mustLead();
    reply.header(EPOCH_HEADER, c.epoch());
    if (identity !== undefined) {
      callers.set(request, await requireOwnNode(identity, request, untilClosed(reply)));
      forgetToken(request);
    }
    if (request.routeOptions.url !== undefined) c.admit(nodeOf(request), bytesOf(request));
  });
  app.get(PLAN, (request, reply) => getPlan(c, request, reply));
  app.post(REPORT, { bodyLimit: MAX_BODY_BYTES }, (request, reply) => postReport(c, request, reply));
  app.post(PERMITS, { bodyLimit: MAX_PERMITS_BYTES }, (request, reply) => postPermits(c, request, reply));
  app.post(CREDENTIALS, { bodyLimit: MAX_CREDENTIALS_BYTES }, (request, reply) => postCredentials(c, request, reply));
  return app;
}

const parseReport = messageParser(NodeReport, 'report');
const parsePermits = messageParser(PermitRequest, 'permit request');
const parseCredentials = messageParser(CredentialsRequest, 'credentials request');

async function getPlan(c: AgentsSide, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const have = revisionIn(request.headers['if-none-match']);
  const plan = await api(c, request).plan(have, waitMsIn(request), untilClosed(reply));
  if (plan === 'unchanged') {
    if (hadLongBody.has(request.raw.socket)) reply.header('connection', 'close');
    return reply.code(304).header('etag', `"${have}"`).send();
  }
  reply.header('etag', `"${plan.revision}"`).header('vary', 'accept-encoding').type('application/json');
  const { plain, zipped } = planBodies(plan);
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(plain);
  return reply.header('content-encoding', 'gzip').send(zipped);
}

const hadLongBody = new WeakSet<Socket>();

async function postReport(c: AgentsSide, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const report = parseReport(request.body);
  if (bytesOf(request) > LONG_BODY_BYTES) hadLongBody.add(request.raw.socket);
  return reply.send(await api(c, request).report(report, untilClosed(reply)));
}

async function postPermits(c: AgentsSide, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const wanted = parsePermits(request.body);
  return reply.send(await api(c, request).permits(wanted, untilClosed(reply)));
}

async function postCredentials(c: AgentsSide, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const wanted = parseCredentials(request.body);
  const answer = await api(c, request).credentials(wanted, untilClosed(reply));
  return reply.header('cache-control', 'no-store').send(answer);
}

/** A poll waits for long, and what came with it is kept until it is answered: the token is most of that. */
function forgetToken({ raw }: FastifyRequest): void {
  delete raw.headers.authorization;
  raw.rawHeaders.length = 0;
}

/** Who asks, where that is asked. */
const callers = new WeakMap<FastifyRequest, AgentPod>();

function api(c: AgentsSide, request: FastifyRequest) {
  return c.forNode(nodeOf(request), callers.get(request));
}

function nodeOf(request: FastifyRequest): string {
  return (request.params as { node: string }).node;
}

/** The length of the body: an unknown one counts as the longest that is allowed. */
function bytesOf({ headers, routeOptions }: FastifyRequest): number {
  return Math.min(Number(headers['content-length'] ?? Infinity), routeOptions.bodyLimit);
}

/** Undefined where the header is not one quoted revision: then the whole plan is the answer. */
function revisionIn(header: string | undefined): string | undefined {
  return /^(?:W\/)?"([^"]+)"$/.exec(header ?? '')?.[1];
}

function waitMsIn(request: FastifyRequest): number {
  const { wait = '0' } = request.query as { wait?: unknown };
  const seconds = typeof wait === 'string' && /^\d+(\.\d+)?$/.test(wait) ? Number(wait) : Number.NaN;
  if (seconds <= MAX_WAIT_SECONDS) return seconds * 1000;
  throw new ApiError(
    'InvalidRequest',
    `expected wait to be seconds from 0 to ${MAX_WAIT_SECONDS}, got ${JSON.stringify(wait)}`,
  );
}

interface PlanBodies {
  /** The bytes that the plan's revision is the hash of. */
  readonly plain: Buffer;
  /** A tenth of that: when thousands of polls are answered at once, what waits to be sent is memory. */
  readonly zipped: Buffer;
}

const bodies = new WeakMap<Plan, PlanBodies>();

/** Made once: all nodes of a cohort share the plan. */
function planBodies(plan: Plan): PlanBodies {
  const known = bodies.get(plan);
  if (known !== undefined) return known;
  const plain = Buffer.from(planBytes(plan));
  const made = { plain, zipped: gzipSync(plain) };
  bodies.set(plan, made);
  return made;
}

const closings = new WeakMap<FastifyReply, AbortSignal>();

/** Aborts when the client closes the connection, so that its request is given up. */
function untilClosed(reply: FastifyReply): AbortSignal {
  const known = closings.get(reply);
  if (known !== undefined) return known;
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort(new ApiError('InvalidRequest', 'the client closed the connection')));
  closings.set(reply, closed.signal);
  return closed.signal;
}
