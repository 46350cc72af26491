import { stat } from 'node:fs/promises';
import { errorText } from '@kube-prefetch/protocol';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { type CriRuntimeOptions, createCriRuntime } from '../cri/cri-runtime.ts';
import { createDockerRuntime } from '../docker/docker-runtime.ts';
import { type ImageRuntime, RuntimeUnavailable, type RuntimeVersion } from '../image-runtime.ts';
import { scrub } from '../scrub-credentials.ts';

export interface DetectOptions {
  readonly clock: Clock;
  /** Asked instead of the well-known ones; a path as seen from here, with or without `unix://`. */
  readonly socket?: string | undefined;
  /** Of an image service that is not the runtime's own; then only CRI is spoken. */
  readonly imageSocket?: string | undefined;
  /** Where the host's root is seen from here. */
  readonly hostRoot?: string;
  readonly signal?: AbortSignal;
  readonly candidates?: readonly Candidate[];
  /** Undefined when there is a socket, else what is wrong. */
  readonly missing?: (path: string) => Promise<string | undefined>;
}

export interface Detected {
  readonly runtime: ImageRuntime;
  readonly version: RuntimeVersion;
  readonly endpoint: string;
  readonly passedOver: readonly PassedOverSocket[];
}

export interface PassedOverSocket {
  readonly endpoint: string;
  readonly because: string;
}

const PROBE_MS = 5_000;

/** The first runtime that answers. Throws RuntimeUnavailable, which names every endpoint and why it was none. */
export async function detectRuntime(options: DetectOptions): Promise<Detected> {
  const passedOver: PassedOverSocket[] = [];
  for (const candidate of candidatesOf(options)) {
    const answer = await probe(candidate, options);
    if ('runtime' in answer) return { ...answer, endpoint: candidate.socket, passedOver };
    passedOver.push({ endpoint: candidate.socket, because: answer.because });
  }
  throw new RuntimeUnavailable(scrub(describe(passedOver, options)));
}

function candidatesOf({ socket, imageSocket, hostRoot = '', candidates }: DetectOptions): readonly Candidate[] {
  if (candidates !== undefined) return candidates;
  const all =
    socket === undefined
      ? WELL_KNOWN.map(candidate => ({ ...candidate, socket: hostRoot + candidate.socket }))
      : // A socket that somebody named may speak either.
        [CRI, DOCKER].map(adapter => ({ ...adapter, socket: withoutScheme(socket) }));
  return imageSocket === undefined ? all : all.filter(({ speaks }) => speaks === CRI.speaks);
}

function withoutScheme(socket: string): string {
  return socket.replace(/^unix:\/\//, '');
}

async function probe(
  candidate: Candidate,
  { clock, hostRoot, imageSocket, signal = new AbortController().signal, missing = missingSocket }: DetectOptions,
): Promise<Pick<Detected, 'runtime' | 'version'> | { because: string }> {
  const { socket, speaks } = candidate;
  const problem = await missing(socket);
  if (problem !== undefined) return { because: problem };
  const runtime = candidate.connect({
    socket,
    clock,
    imageSocket: imageSocket && withoutScheme(imageSocket),
    ...(hostRoot !== undefined && { hostRoot }),
  });
  try {
    const version = await withDeadline(clock, PROBE_MS, signal, 'the question for its version', signal =>
      runtime.version(signal),
    );
    return { runtime, version };
  } catch (error) {
    signal.throwIfAborted();
    return {
      because: `gives no answer to ${speaks}: ${scrub(errorText(error))}`,
    };
  }
}

async function missingSocket(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isSocket() ? undefined : 'is not a socket';
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'is not there' : `cannot be seen: ${code}`;
  }
}

/** What to do comes first: the list may be cut. */
function describe(passedOver: readonly PassedOverSocket[], { socket }: DetectOptions): string {
  const tried = passedOver.map(({ endpoint, because }) => `${endpoint} ${because}`).join('; ');
  const advice =
    socket === undefined
      ? 'start one, or name its socket with --runtime-socket'
      : 'check --runtime-socket, and that this process may open it';
  return `no container runtime found: ${advice}. Tried: ${tried}`;
}

/** A socket and what to speak on it. */
export interface Candidate {
  readonly socket: string;
  readonly speaks: string;
  connect(options: CriRuntimeOptions): ImageRuntime;
}

const CRI = { speaks: 'CRI', connect: createCriRuntime };
const DOCKER = { speaks: 'Docker Engine API', connect: createDockerRuntime };

/**
 * In the order in which they are tried: first what a kubelet talks to. Below /run and never /var/run, which is a link that leads
 * out of a mounted host.
 */
export const WELL_KNOWN: readonly Candidate[] = [
  { ...CRI, socket: '/run/containerd/containerd.sock' },
  { ...CRI, socket: '/run/k3s/containerd/containerd.sock' },
  { ...CRI, socket: '/run/k0s/containerd.sock' },
  { ...CRI, socket: '/run/crio/crio.sock' },
  { ...CRI, socket: '/run/cri-dockerd.sock' },
  { ...DOCKER, socket: '/run/docker.sock' },
  { ...DOCKER, socket: '/run/podman/podman.sock' },
];
