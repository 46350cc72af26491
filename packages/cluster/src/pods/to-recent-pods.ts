import type { KeptPod, Resource } from '@kube-prefetch/core';
import { MAX_RECENT_POD_LENGTH, MAX_RECENT_PODS, type ResourceRef } from '@kube-prefetch/protocol';
import { below, type Field, items, MalformedField, optionalText, root, text } from '../to-state/read-fields.ts';
import { toAnnotations } from '../workload-kinds/to-annotations.ts';
import { toAdmittedSpec } from './to-pod.ts';

/** RFC 3339 in UTC, as this project and Kubernetes write it. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** What a status remembers of pods. Whatever is not as a coordinator writes it does not count. */
export function toRecentPods(ref: ResourceRef, object: Field): Pick<Resource, 'recentPods'> {
  let entries: readonly Field[] = [];
  try {
    entries = items(below(object, 'status', 'recentPods')).slice(0, MAX_RECENT_PODS);
  } catch (error) {
    if (!(error instanceof MalformedField)) throw error;
  }
  const recentPods = entries.flatMap(entry => toKeptPod(ref, entry) ?? []);
  return recentPods.length === 0 ? {} : { recentPods };
}

/** A Prefetch has pods of its own namespace only: secrets of another one are not for it. */
function toKeptPod(ref: ResourceRef, entry: Field): KeptPod | undefined {
  try {
    const namespace = text(below(entry, 'namespace'));
    const lastUsed = optionalText(below(entry, 'lastUsed'));
    const written = text(below(entry, 'pod'));
    if (ref.kind === 'Prefetch' && namespace !== ref.namespace) return undefined;
    if (written.length > MAX_RECENT_POD_LENGTH || (lastUsed !== undefined && !MOMENT.test(lastUsed))) return undefined;
    const template = root(JSON.parse(written));
    return {
      namespace,
      ...(lastUsed !== undefined && { lastUsed }),
      ...toAnnotations([below(template, 'metadata', 'annotations')]),
      pod: toAdmittedSpec(template),
    };
  } catch (error) {
    if (error instanceof MalformedField || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
