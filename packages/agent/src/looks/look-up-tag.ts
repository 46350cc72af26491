import { type ImageRef, registryOf } from '@kube-prefetch/protocol';
import { PullFailure, type RegistryAuth } from '@kube-prefetch/runtime';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { askRegistry } from './ask-registry.ts';
import { registryHosts } from './registry-hosts.ts';

/** What a tag stands for now, where the registry is asked with one credential. Throws PullFailure. */
export type LookUpTag = (image: ImageRef, auth: RegistryAuth | undefined, signal: AbortSignal) => Promise<string>;

const ANSWER_WITHIN_MS = 20_000;

/** Asks one host after the other, as the runtime would, until one answers; the registry itself comes last. */
export function createLookUpTag(certsDir: string | undefined, clock: Clock): LookUpTag {
  return async (image, auth, signal) => {
    const registry = registryOf(image);
    if (registry === undefined) throw new PullFailure('InvalidReference', 'no image reference');
    let failure: PullFailure | undefined;
    for (const host of await hostsOf(registry, certsDir)) {
      try {
        return await withDeadline(clock, ANSWER_WITHIN_MS, signal, `asking ${host.url.origin}`, inTime =>
          askRegistry(image, host, auth, inTime),
        );
      } catch (error) {
        signal.throwIfAborted();
        failure = error instanceof PullFailure ? error : new PullFailure('RegistryUnavailable', String(error));
      }
    }
    throw failure ?? new PullFailure('Unknown', `no host of ${registry} may be asked`);
  };
}

async function hostsOf(registry: string, certsDir: string | undefined) {
  try {
    return await registryHosts(registry, certsDir);
  } catch (error) {
    throw new PullFailure('Unknown', `the hosts of ${registry} cannot be read: ${String(error)}`, { cause: error });
  }
}
