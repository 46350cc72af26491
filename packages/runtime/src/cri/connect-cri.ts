import type { Client } from '@connectrpc/connect';
import { Content } from './generated/containerd_content_pb.ts';
import { Events } from './generated/containerd_events_pb.ts';
import { ImageService, RuntimeService } from './generated/cri_pb.ts';
import { createGrpcClient } from './grpc-client.ts';
import { createConnection } from './grpc-connection.ts';

export interface CriClients {
  readonly runtime: Client<typeof RuntimeService>;
  readonly images: Client<typeof ImageService>;
  /** Only containerd answers these two. */
  readonly content: Client<typeof Content>;
  readonly events: Client<typeof Events>;
  /** How many connections there have been, the one that stands included. */
  connections(): number;
}

/** Longest answer we read: a runtime that goes mad must not fill the agent's memory. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * An error's text comes in headers. Told this limit, a server ends only the call whose error is longer; without it Node ends
 * the connection at 64 KiB, and every other pull with it.
 */
const MAX_ERROR_BYTES = 32 * 1024;

/** CRI keeps its images in this namespace of containerd's own API. */
const CONTAINERD_HEADERS = { 'containerd-namespace': 'k8s.io' };

/** Nothing connects before the first call; a connection that broke is made anew by the next one. */
export function connectCri(socket: string, imageSocket = socket): CriClients {
  let connections = 0;
  const optionsFor = (path: string) => ({
    connection: createConnection(path, { maxHeaderListSize: MAX_ERROR_BYTES }, () => (connections += 1)),
    maxAnswerBytes: MAX_ANSWER_BYTES,
  });
  const options = optionsFor(socket);
  const containerd = { ...options, headers: CONTAINERD_HEADERS };
  return {
    runtime: createGrpcClient(RuntimeService, options),
    images: createGrpcClient(ImageService, imageSocket === socket ? options : optionsFor(imageSocket)),
    content: createGrpcClient(Content, containerd),
    events: createGrpcClient(Events, containerd),
    connections: () => connections,
  };
}

/**
 * What a runtime says of itself stays true while a connection to it stands: it is asked once on each, not in every look.
 * `connection` counts the connections made so far. Undefined is no answer, and is asked for again.
 */
export function oncePerConnection<T>(
  connection: () => number,
  ask: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  let known: { readonly connection: number; readonly answer: T } | undefined;
  return async signal => {
    const before = connection();
    if (known?.connection === before) return known.answer;
    const answer = await ask(signal);
    // Counted before the question: if that had to connect first, it is asked once more, and no wrong answer is kept.
    if (answer !== undefined) known = { connection: before, answer };
    return answer;
  };
}
