import { type ImageRef, registryOf } from '@kube-prefetch/protocol';
import { PullFailure, type RegistryAuth } from '@kube-prefetch/runtime';
import { type Clock, withDeadline } from '@kube-prefetch/time';
import { askRegistry, type Proxy } from './ask-registry.ts';
import { commonTls, registryHosts } from './registry-hosts.ts';

/** What a tag stands for now, where the registry is asked with one credential. Throws PullFailure. */
export type LookUpTag = (image: ImageRef, auth: RegistryAuth | undefined, signal: AbortSignal) => Promise<string>;

const ANSWER_WITHIN_MS = 20_000;

/** How this node reaches registries. */
export interface RegistryAccess {
  /** Laid out as containerd's, Docker's and podman's certs.d. */
  readonly registryCertsDir?: string | undefined;
  /** Authorities in PEM, beside those that Node knows. */
  readonly registryCaFile?: string | undefined;
  readonly registryProxy?: string | undefined;
  readonly registryNoProxy?: string | undefined;
}

/** Asks one host after the other, as the runtime would, until one answers; the registry itself comes last. */
export function createLookUpTag(access: RegistryAccess, clock: Clock): LookUpTag {
  const { registryProxy, registryNoProxy: except = '' } = access;
  const proxy: Proxy | undefined = registryProxy === undefined ? undefined : { url: registryProxy, except };
  return async (image, auth, signal) => {
    const registry = registryOf(image);
    if (registry === undefined) throw new PullFailure('InvalidReference', 'no image reference');
    let failure: PullFailure | undefined;
    const { hosts, elsewhere } = await hostsOf(registry, access);
    for (const host of hosts) {
      try {
        return await withDeadline(clock, ANSWER_WITHIN_MS, signal, `asking ${host.url.origin}`, inTime =>
          askRegistry(image, host, { auth, elsewhere, proxy }, inTime),
        );
      } catch (error) {
        signal.throwIfAborted();
        failure = error instanceof PullFailure ? error : new PullFailure('RegistryUnavailable', String(error));
      }
    }
    throw failure ?? new PullFailure('Unknown', `no host of ${registry} may be asked`);
  };
}

async function hostsOf(registry: string, { registryCertsDir, registryCaFile }: RegistryAccess) {
  try {
    const hosts = await registryHosts(registry, registryCertsDir, registryCaFile);
    return { hosts, elsewhere: await commonTls(registryCaFile) };
  } catch (error) {
    throw new PullFailure('Unknown', `the hosts of ${registry} cannot be read: ${String(error)}`, { cause: error });
  }
}
