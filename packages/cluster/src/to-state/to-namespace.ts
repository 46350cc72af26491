import type { Namespace } from '@kube-prefetch/core';
import { type Field, below, labels, text } from './read-fields.ts';

/** Throws MalformedField. */
export function toNamespace(object: Field): Namespace {
  const name = text(below(object, 'metadata', 'name'));
  return withOwnLabel(name, labels(below(object, 'metadata', 'labels')));
}

/** Kubernetes gives each namespace a label with its name. */
export function withOwnLabel(name: string, others: Namespace['labels']): Namespace {
  return { name, labels: { ...others, 'kubernetes.io/metadata.name': name } };
}
