import { readFileSync } from 'node:fs';
import { aFleet, aNode, aResource, aState, type CellSaid } from '@kube-prefetch/core/testing';
import { CREDENTIAL_REASONS, type CredentialReason } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { collectAsks } from '../asks/collect-asks.ts';
import { groupNodes } from '../plans/group-nodes.ts';
import { accountKey, secretKey, type SecretTroubles } from './secret-failures.ts';
import { summarise } from './summarise.ts';

const SINCE = '2026-11-23T03:00:00.000Z';
const trouble = (reason: CredentialReason, sentence: string) => ({ reason, sentence, since: SINCE });
const TROUBLES: SecretTroubles = new Map([
  [secretKey('shop/regcred'), trouble('PullSecretMissing', 'secret shop/regcred does not exist')],
  [secretKey('ops/regcred'), trouble('PullSecretForbidden', 'secret ops/regcred may not be read by the coordinator')],
  [accountKey('ops/default'), trouble('ServiceAccountMissing', 'ServiceAccount ops/default does not exist')],
]);

/** Of Prefetches in shop and ops, which want one image with a secret of the same name, on two nodes each. */
function failuresOf(say: (node: string) => CellSaid, spec: object = {}) {
  const nodes = ['n1', 'n2'].map(name => aNode({ name }));
  const resources = ['shop', 'ops'].map(namespace =>
    aResource({
      ref: { kind: 'Prefetch', namespace, name: 'all' },
      spec: { images: ['r.example/a:1'], imagePullSecrets: [{ name: 'regcred' }], ...spec },
    }),
  );
  const state = aState({ resources, nodes, ownNamespace: 'kube-prefetch', serviceAccounts: [] });
  const collected = collectAsks(state);
  const fleet = aFleet(groupNodes(collected.asks, nodes), say);
  return summarise(state, collected, fleet, SINCE, TROUBLES).map(({ status }) => status.failures);
}

test('each resource is told of its own secrets, and not a word of those of others', () => {
  const [shop, ops] = failuresOf(() => ({ state: 'Waiting' }));
  expect(shop).toEqual([
    {
      image: 'r.example/a:1',
      reason: 'PullSecretMissing',
      message: 'secret shop/regcred does not exist',
      nodes: 2,
      examples: ['n1', 'n2'],
      since: SINCE,
    },
  ]);
  expect(ops).toMatchObject([{ reason: 'PullSecretForbidden', message: expect.stringContaining('ops/regcred') }]);
  expect(JSON.stringify(ops)).not.toContain('shop');
});

test('it stands beside what the runtime said, and only of nodes that lack the image', () => {
  const failure = { kind: 'Unauthorized' as const, message: 'no' };
  const [shop] = failuresOf(node => (node === 'n1' ? { state: 'Failed', failure } : { state: 'Present' }));
  expect(shop).toMatchObject([
    { reason: 'PullSecretMissing', nodes: 1 },
    { reason: 'Unauthorized', nodes: 1, examples: ['n1'] },
  ]);
});

test('nothing is told where every node has the image, or where no pull starts', () => {
  expect(failuresOf(() => ({ state: 'Present' }))).toEqual([[], []]);
  expect(failuresOf(() => ({ state: 'Waiting' }), { suspend: true })).toEqual([[], []]);
});

test('docs/credentials.md explains every reason, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/credentials.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `((?:PullSecret|ServiceAccount)\w+)` \|/gm)].map(([, reason]) => reason);
  expect(rows).toEqual([...CREDENTIAL_REASONS]);
});
