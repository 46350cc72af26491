import type { Namespace, ServiceAccount } from '@kube-prefetch/core';
import { type Field, below, items, labels, optionalText, text } from './field.ts';

/** Throws MalformedField. */
export function toNamespace(object: Field): Namespace {
  const name = text(below(object, 'metadata', 'name'));
  return withOwnLabel(name, labels(below(object, 'metadata', 'labels')));
}

/** Kubernetes gives each namespace a label with its name. */
export function withOwnLabel(name: string, others: Namespace['labels']): Namespace {
  return { name, labels: { ...others, 'kubernetes.io/metadata.name': name } };
}

/** Throws MalformedField. */
export function toServiceAccount(object: Field): ServiceAccount {
  const metadata = below(object, 'metadata');
  return {
    namespace: optionalText(below(metadata, 'namespace')) ?? 'default',
    name: text(below(metadata, 'name')),
    // Kubernetes accepts an entry without a name and ignores it.
    imagePullSecrets: items(below(object, 'imagePullSecrets')).flatMap(
      secret => optionalText(below(secret, 'name')) ?? [],
    ),
  };
}
