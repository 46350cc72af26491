import type { Namespace } from '@kube-prefetch/core';
import { below, type Field, labels, text } from './field.ts';

/** A Namespace as the API server has it, projected. Throws MalformedField. */
export function toNamespace(object: Field): Namespace {
  const name = text(below(object, 'metadata', 'name'));
  return withOwnLabel(name, labels(below(object, 'metadata', 'labels')));
}

/** Every namespace carries its name as a label, whoever made it. */
export function withOwnLabel(name: string, others: Namespace['labels']): Namespace {
  return { name, labels: { ...others, 'kubernetes.io/metadata.name': name } };
}
