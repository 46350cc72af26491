import { type CredentialReason, resourceName, type ResourceRef, type StatusFailure } from '@kube-prefetch/protocol';
import type { Ask } from '../asks/ask.ts';
import { secretName } from '../asks/pull-secrets.ts';
import { isCounted } from './count-cells.ts';
import type { CohortShare } from './resource-cohorts.ts';

/** Secrets and ServiceAccounts that were needed and could not be used, by `secret shop/regcred` and `account shop/web`. */
export type SecretTroubles = ReadonlyMap<string, SecretTrouble>;

export interface SecretTrouble {
  readonly reason: CredentialReason;
  /** Names it, and holds nothing of it. */
  readonly sentence: string;
  /** RFC 3339. */
  readonly since: string;
}

/**
 * For each image of the resource that some node lacks: what is wrong with the secrets that the resource's own asks bring. Those of
 * others are none of its business.
 */
export function secretFailures(
  resource: ResourceRef,
  shares: readonly CohortShare[],
  troubles: SecretTroubles,
): readonly StatusFailure[] {
  if (troubles.size === 0) return [];
  const found = shares
    .filter(({ cohort }) => isCounted(cohort))
    .flatMap(share => failuresOf(resource, share, troubles));
  return [...Map.groupBy(found, ({ image, message }) => `${image} ${message}`).values()].map(same => ({
    ...(same[0] as StatusFailure),
    nodes: same.reduce((sum, { nodes }) => sum + nodes, 0),
    examples: same.flatMap(({ examples }) => examples).slice(0, MAX_EXAMPLES),
  }));
}

const MAX_EXAMPLES = 3;

function failuresOf(
  resource: ResourceRef,
  { cohort, tallies }: CohortShare,
  troubles: SecretTroubles,
): StatusFailure[] {
  const own = cohort.asks.filter(ask => ask.start && resourceName(ask.resource) === resourceName(resource));
  return [...Map.groupBy(own, ({ image }) => image)].flatMap(([image, asks]) => {
    const nodes = lacking(cohort.nodes.length, tallies.get(image));
    if (nodes === 0) return [];
    // Which of the nodes lack it is not known here.
    const examples = nodes === cohort.nodes.length ? cohort.nodes.slice(0, MAX_EXAMPLES) : [];
    return troublesOf(asks, troubles).map(({ reason, sentence, since }) => ({
      image,
      reason,
      message: sentence,
      nodes,
      examples,
      since,
    }));
  });
}

function lacking(nodes: number, tally: ReturnType<CohortShare['tallies']['get']>): number {
  return tally === undefined ? 0 : nodes - tally.counts.Present;
}

function troublesOf(asks: readonly Ask[], troubles: SecretTroubles): readonly SecretTrouble[] {
  const names = asks.flatMap(({ pullSecrets: { keyrings, account } }) => [
    ...(account === undefined ? [] : [accountKey(account.name)]),
    ...keyrings.flat().map(secret => secretKey(secretName(secret))),
  ]);
  return [...new Set(names)].flatMap(name => troubles.get(name) ?? []);
}

export function secretKey(name: string): string {
  return `secret ${name}`;
}

export function accountKey(name: string): string {
  return `account ${name}`;
}
