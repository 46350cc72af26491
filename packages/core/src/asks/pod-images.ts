import { MAX_IMAGE_REF_LENGTH, tryParseReference } from '@kube-prefetch/protocol';
import type { PodImage, PodSpec } from '../state/cluster-state.ts';

/**
 * All images of a pod. One without a name yet (an admission webhook sets it later) and one too long to be a valid
 * reference, which no kubelet could start either, are left out; a malformed one is kept, so that status shows it as Failed
 * with InvalidReference rather than saying nothing.
 */
export function podImages({ containers, initContainers, imageVolumes }: PodSpec): readonly PodImage[] {
  return [...containers, ...initContainers, ...imageVolumes].filter(
    ({ image }) => image.length > 0 && image.length <= MAX_IMAGE_REF_LENGTH,
  );
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
