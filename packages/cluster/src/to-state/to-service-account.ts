import type { ServiceAccount } from '@kube-prefetch/core';
import { below, type Field, items, optionalText, text } from './field.ts';

/** A ServiceAccount as the API server has it, projected. Throws MalformedField. */
export function toServiceAccount(object: Field): ServiceAccount {
  const metadata = below(object, 'metadata');
  return {
    namespace: optionalText(below(metadata, 'namespace')) ?? 'default',
    name: text(below(metadata, 'name')),
    // Kubernetes takes an entry without a name, and nobody looks for it.
    imagePullSecrets: items(below(object, 'imagePullSecrets')).flatMap(
      secret => optionalText(below(secret, 'name')) ?? [],
    ),
  };
}
