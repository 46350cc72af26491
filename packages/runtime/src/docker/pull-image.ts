import { type FailureKind, type ImageRef, InvalidReference, errorText } from '@kube-prefetch/protocol';
import { classifyFailure } from '../failures/classify-failure.ts';
import { type Progress, PullFailure, type Pulled, type RegistryAuth } from '../image-runtime.ts';
import { nameInPath } from '../name-image.ts';
import { scrub } from '../scrub-credentials.ts';
import type { UsedCredentials } from '../used-credentials.ts';
import { type DockerEngine, EngineError } from './connect-engine.ts';
import { inspect } from './look-at-images.ts';
import { type Layers, addMessage, progressOf, pulledBytesOf, readJsonLines, toPullMessage } from './read-pull.ts';

interface Parts {
  readonly engine: DockerEngine;
  readonly used: UsedCredentials;
}

export async function pullImage(
  { engine, used }: Parts,
  image: ImageRef,
  auth: RegistryAuth | undefined,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Pulled> {
  used.note(auth);
  try {
    const layers = await download(engine, image, auth, progress, signal);
    const pulled = await inspect(engine, image, signal);
    if (pulled === undefined) {
      throw new PullFailure('Unknown', `the engine says it has pulled ${image}, but does not have it`);
    }
    if (pulled.Os === '') {
      throw new PullFailure('NotAnImage', `the engine has pulled ${image}, but no container can be made of it`);
    }
    return { countBytes: async () => pulledBytesOf(layers) };
  } catch (error) {
    throw toPullFailure(error, image, used.all(), signal);
  }
}

/** An error can come before the first byte as a status, or on any line of a 200; no error line means success. */
async function download(
  engine: DockerEngine,
  image: ImageRef,
  auth: RegistryAuth | undefined,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Layers> {
  const query = { fromImage: nameInPath(image) };
  let layers: Layers = new Map();
  progress(progressOf(layers));
  const body = await engine.stream({ method: 'POST', path: '/images/create', query, auth }, signal);
  for await (const line of readJsonLines(body)) {
    const message = toPullMessage(line);
    if (message.error !== undefined) throw new EngineError(200, message.error);
    layers = addMessage(layers, message);
    progress(progressOf(layers));
  }
  return layers;
}

/** The original error is not kept as the cause: it holds the text before it was scrubbed, and loggers print causes. */
function toPullFailure(
  error: unknown,
  image: ImageRef,
  auths: readonly RegistryAuth[],
  signal: AbortSignal,
): PullFailure {
  if (signal.aborted) return new PullFailure('Cancelled', `the pull of ${image} was cancelled`);
  if (error instanceof PullFailure) return error;
  const text = errorText(error);
  if (error instanceof InvalidReference) return new PullFailure('InvalidReference', scrub(text, auths));
  // An error that the engine did not send comes from the socket: there is no engine, or it went away.
  const kind = error instanceof EngineError ? kindOf(error) : 'RuntimeUnavailable';
  return new PullFailure(kind, scrub(text, auths));
}

/**
 * dockerd 28.5 and 29 with containerd's image store repeat the words of the registry, which are free, without the code beside
 * them: of a refusal only the status of their own answer is left (moby, daemon/containerd/registry_errors.go).
 */
function kindOf({ status, message }: EngineError): FailureKind {
  const refused = (status === 401 || status === 403) && message.startsWith('error from registry: ');
  return refused ? 'Unauthorized' : classifyFailure(message);
}
