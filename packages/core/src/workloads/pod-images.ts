import { type ImageRef, MAX_IMAGE_REF_LENGTH, tryParseReference } from '@kube-prefetch/protocol';
import type { PodImage, PodSpec } from '../state/cluster-state.ts';

export function podImages({ containers, initContainers, imageVolumes }: PodSpec): readonly PodImage[] {
  return [...containers, ...initContainers, ...imageVolumes];
}

export type UnplannedReason = 'excludedByAnnotation' | 'placeholder' | 'neverPulled' | 'tooLong';

/**
 * Why no kubelet would pull this image of a pod template; undefined where one would try.
 *
 * | image                                                                          | reason      |
 * | ------------------------------------------------------------------------------ | ----------- |
 * | blank: OpenShift's image triggers and other webhooks set the name later        | placeholder |
 * | `auto`: Istio's injector sets the name later                                   | placeholder |
 * | one whose policy is Never                                                      | neverPulled |
 * | longer than any reference                                                      | tooLong     |
 * | any other, malformed ones too: status shows them as Failed, InvalidReference   | –           |
 */
export function whyUnplanned({ image, pullPolicy }: PodImage): UnplannedReason | undefined {
  if (image.trim() === '' || image === 'auto') return 'placeholder';
  if (pullPolicy === 'Never') return 'neverPulled';
  return whyTooLong(image);
}

/** Longer than any reference that a plan may hold. */
export function whyTooLong(image: ImageRef): UnplannedReason | undefined {
  return image.length > MAX_IMAGE_REF_LENGTH ? 'tooLong' : undefined;
}

/** Whether the kubelet asks the registry at every start: as written, or by its default where the template leaves it out. */
export function pullsAlways({ image, pullPolicy }: PodImage): boolean {
  return pullPolicy === undefined ? isLatest(image) : pullPolicy === 'Always';
}

/**
 * | reference                                  | default      |
 * | ------------------------------------------ | ------------ |
 * | tag `latest`, with or without a digest     | Always       |
 * | neither tag nor digest                     | Always       |
 * | anything else, malformed ones included     | IfNotPresent |
 */
function isLatest(image: string): boolean {
  const reference = tryParseReference(image);
  if (reference === undefined) return false;
  const { tag, digest } = reference;
  return tag === 'latest' || (tag === undefined && digest === undefined);
}
