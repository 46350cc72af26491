import type { FailureKind, ImageRef, ResourceRef, StatusFailure } from '@kube-prefetch/protocol';
import { byText } from '../asks/ask.ts';
import { memoise } from '../memoise.ts';
import type { FailureTally } from './fleet-view.ts';
import { type SecretTroubles, secretFailures } from './secret-failures.ts';
import { isCounted } from './count-cells.ts';
import { FAILURE_MEANINGS } from './prefetch-failure-texts.ts';
import type { CohortShare } from './resource-cohorts.ts';

const MAX_FAILURES = 10;
const MAX_EXAMPLES = 3;

/**
 * The failures on the most nodes, of cells that count, one per image and kind: with its most frequent message, or in a
 * Prefetch with what the kind means. Pull secrets of the resource's own that cannot be used come with them.
 */
export function rankFailures(
  resource: ResourceRef,
  shares: readonly CohortShare[],
  troubles: SecretTroubles,
): StatusFailure[] {
  const failing = shares.filter(({ cohort }) => isCounted(cohort)).flatMap(share => failuresOf(share));
  const failures = [...Map.groupBy(failing, ({ image, failure }) => `${failure.kind} ${image}`).values()]
    .map(mergeFailures)
    .map(failure => (resource.kind !== 'ClusterPrefetch' ? { ...failure, message: meaningOf(failure) } : failure));
  return [...failures, ...secretFailures(resource, shares, troubles)]
    .sort((a, b) => b.nodes - a.nodes || byText(a.image, b.image) || byText(a.reason, b.reason))
    .slice(0, MAX_FAILURES);
}

type ImageFailure = FailureTally & { readonly image: ImageRef };

const failuresOf = memoise(({ tallies }: CohortShare): readonly ImageFailure[] =>
  [...tallies].flatMap(([image, { failures }]) => failures.map(failure => ({ image, ...failure }))),
);

function meaningOf({ reason }: { reason: FailureKind }): string {
  return FAILURE_MEANINGS[reason];
}

function mergeFailures(same: readonly ImageFailure[]): StatusFailure & { reason: FailureKind } {
  const [worst] = same.toSorted((a, b) => b.nodes - a.nodes || byText(a.failure.message, b.failure.message));
  const { image, failure } = worst as ImageFailure;
  return {
    image,
    reason: failure.kind,
    message: failure.message,
    nodes: same.reduce((sum, { nodes }) => sum + nodes, 0),
    examples: same
      .flatMap(({ examples }) => examples)
      .sort(byText)
      .slice(0, MAX_EXAMPLES),
    since: same.map(({ since }) => since).sort(byText)[0] as string,
  };
}
