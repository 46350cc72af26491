import { type Client, Code } from '@connectrpc/connect';
import type { ImageRef } from '@kube-prefetch/protocol';
import { classifyFailure } from '../failures/classify-failure.ts';
import { type Progress, type Pulled, PullFailure, type RegistryAuth } from '../image-runtime.ts';
import { scrub } from '../scrub-credentials.ts';
import type { UsedCredentials } from '../used-credentials.ts';
import type { ImageService } from './generated/cri_pb.ts';
import { refusalOf } from './grpc-client.ts';
import { withDefaultTag } from '../name-image.ts';

/** What can be seen of a pull while it runs; to see nothing is never a failure. */
export interface DownloadWatch {
  /** Calls `progress` until the signal aborts. Never rejects. */
  follow(progress: (progress: Progress) => void, signal: AbortSignal): Promise<void>;
  /** Never rejects. */
  countBytes(digests: readonly string[], signal: AbortSignal): Promise<number | undefined>;
}

interface Parts {
  readonly images: Client<typeof ImageService>;
  readonly download: DownloadWatch | undefined;
  /** Images of which a pull of ours was cancelled and none has succeeded since. */
  readonly cancelled: Set<ImageRef>;
  readonly used: UsedCredentials;
}

const MAX_CANCELLED = 1_000;

/**
 * `auth` goes without a server address: containerd drops credentials whose address is not exactly the URL of the host that it
 * contacts, mirrors included.
 */
export async function pullImage(
  { images, download, cancelled, used }: Parts,
  image: ImageRef,
  auth: RegistryAuth | undefined,
  progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Pulled> {
  used.note(auth);
  const over = new AbortController();
  const following = download?.follow(progress, AbortSignal.any([signal, over.signal]));
  try {
    const request = { image: { image: withDefaultTag(image) }, ...(auth && { auth: toAuthConfig(auth) }) };
    await images.pullImage(request, { signal }).catch(error => {
      // CRI-O lets a pull join one that runs with the same arguments, and end with it: also with one that we have just cancelled.
      const joined = refusalOf(error).code === Code.Canceled && cancelled.delete(image);
      if (!joined || signal.aborted) throw error;
      return images.pullImage(request, { signal });
    });
    cancelled.delete(image);
    const digests = await confirmPresent(images, image, signal);
    return { countBytes: async signal => download?.countBytes(digests, signal) };
  } catch (error) {
    // Runtimes use the code "canceled" also for what they gave up themselves: only our own signal says that we cancelled.
    if (signal.aborted) {
      for (const oldest of cancelled) if (cancelled.size >= MAX_CANCELLED) cancelled.delete(oldest);
      cancelled.add(image);
      throw new PullFailure('Cancelled', `the pull of ${image} was cancelled`);
    }
    throw toPullFailure(error, used.all());
  } finally {
    over.abort();
    await following;
  }
}

/** containerd prefers a name, also one without a password, to a token. */
function toAuthConfig({ username, password, identityToken }: RegistryAuth) {
  return identityToken === undefined ? { username, password } : { identityToken };
}

/** The image reference in an answer to PullImage means different things in different versions: only a question is proof. */
async function confirmPresent(
  images: Client<typeof ImageService>,
  image: ImageRef,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const status = await images.imageStatus({ image: { image: withDefaultTag(image) } }, { signal });
  if (status.image === undefined)
    throw new PullFailure('Unknown', `the runtime says it has pulled ${image}, but does not have it`);
  return status.image.repoDigests;
}

/** The original error is not kept as the cause: it holds the text before it was scrubbed, and loggers print causes. */
function toPullFailure(error: unknown, auths: readonly RegistryAuth[]): PullFailure {
  if (error instanceof PullFailure) return error;
  const { code, text } = refusalOf(error);
  return new PullFailure(classifyFailure(text, code), scrub(text, auths));
}
