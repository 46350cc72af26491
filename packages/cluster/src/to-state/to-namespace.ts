import type { Namespace, ServiceAccount } from '@kube-prefetch/core';
import { type Field, below, items, labels, optionalText, text } from './read-fields.ts';

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
    imagePullSecrets: secretNames(below(object, 'imagePullSecrets')),
  };
}

/** Kubernetes accepts an entry without a name; it stands for no secret, but it is there. */
export function secretNames(list: Field): readonly string[] {
  return items(list).map(secret => optionalText(below(secret, 'name')) ?? '');
}
