import { isDnsLabel, isSubdomain } from '@kube-prefetch/protocol';
import { SECRETS } from '../api/kinds.ts';
import { type KubeApi, KubeApiError } from '../api/kube-api.ts';
import type { SecretReader } from '../ports/secret-reader.ts';
import { toSecret } from '../to-state/index.ts';

/** Secrets of an API server. */
export function createKubernetesSecrets({ api }: { api: Pick<KubeApi, 'get'> }): SecretReader {
  return {
    async read({ namespace, name }, signal) {
      // A pod may name what no Secret can be called.
      if (!isDnsLabel(namespace) || !isSubdomain(name)) return 'missing';
      try {
        return toSecret(await api.get(SECRETS, { namespace, name }, signal));
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure = error instanceof KubeApiError ? error.failure : 'Unreachable';
        if (failure === 'NotFound') return 'missing';
        if (failure === 'Forbidden') return 'forbidden';
        // The text of the error may repeat an answer that could not be parsed, and so the secret.
        throw new KubeApiError(failure, `GET secret ${namespace}/${name}: ${failure}`);
      }
    },
  };
}
