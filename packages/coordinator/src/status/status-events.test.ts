import type { Condition, PrefetchStatus, StatusFailure } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { statusEvents } from './status-events.ts';

const gone: StatusFailure = {
  image: 'shop/gone:1',
  reason: 'NotFound',
  message: 'the registry has no such repository, tag or digest',
  nodes: 4,
  examples: ['n1', 'n2', 'n3'],
  since: '2026-11-23T03:00:00Z',
};
const secret: StatusFailure = {
  ...gone,
  image: 'shop/billing:1',
  reason: 'PullSecretMissing',
  message: 'secret shop/regcred does not exist',
  nodes: 1,
  examples: ['n1'],
};

function aStatus(accepted: string, warm: string, failures: StatusFailure[] = []): PrefetchStatus {
  const condition = (type: Condition['type'], said: string): Condition => {
    const [status = '', reason = '', ...message] = said.split(' ');
    const rest = { observedGeneration: 1, lastTransitionTime: '2026-11-23T03:00:00Z' };
    return { type, status: status as Condition['status'], reason, message: message.join(' '), ...rest };
  };
  const conditions = [condition('Accepted', accepted), condition('Warm', warm)];
  return { conditions, failures } as Partial<PrefetchStatus> as PrefetchStatus;
}

const VALID = 'True Valid the spec is valid';
const WAITING = aStatus(VALID, 'False AwaitingReports 0 of 5 present, 5 unknown');
const WARM = aStatus(VALID, 'True AllPresent 5 of 5 present');
const PULLING = aStatus(VALID, 'False Pulling 4 of 5 present, 1 pulling');
const FAILING = aStatus(VALID, 'False Failing 1 of 5 present, 4 failed', [gone]);
const INVALID = aStatus('False Invalid spec.images: expected a list', 'False NotAccepted nothing is pulled');
const NO_NODES = aStatus(VALID, 'False NoNodes 1 image is wanted, but no node matches');

/** Every event that people read in `kubectl describe`, by what it tells of. */
test.each<[string, PrefetchStatus | undefined, PrefetchStatus, string[]]>([
  ['a new resource is looked at', undefined, WAITING, []],
  ['a new resource is not accepted', undefined, INVALID, ['Warning Invalid: spec.images: expected a list']],
  ['a spec breaks', WARM, INVALID, ['Warning Invalid: spec.images: expected a list']],
  ['it is mended', INVALID, PULLING, ['Normal Valid: the spec is valid']],
  ['a new resource fits no node', undefined, NO_NODES, ['Warning NoNodes: 1 image is wanted, but no node matches']],
  ['no node fits any more', PULLING, NO_NODES, ['Warning NoNodes: 1 image is wanted, but no node matches']],
  ['pulls begin', WAITING, PULLING, []],
  ['the last pull ends', PULLING, WARM, ['Normal AllPresent: warm: 5 of 5 present']],
  ['a node joins', WARM, PULLING, ['Normal Pulling: not warm any more: 4 of 5 present, 1 pulling']],
  [
    'something cannot be read',
    WARM,
    aStatus(VALID, 'Unknown SourcesIncomplete deployments: forbidden'),
    ['Warning SourcesIncomplete: not warm any more: deployments: forbidden'],
  ],
  [
    'an image fails on nodes that wait for it',
    PULLING,
    FAILING,
    [
      'Warning Failing: 1 of 5 present, 4 failed; shop/gone:1: NotFound on 4 nodes (n1, n2, n3, …): the registry has no such repository, tag or digest',
    ],
  ],
  ['it is tried again', FAILING, aStatus(VALID, 'False Pulling 1 of 5 present, 4 pulling', [gone]), []],
  ['it fails again', aStatus(VALID, 'False Pulling 1 of 5 present, 4 pulling', [gone]), FAILING, []],
  [
    'another fails as well',
    FAILING,
    aStatus(VALID, 'False Failing 1 of 6 present, 4 failed', [gone, secret]),
    [
      'Warning Failing: 1 of 6 present, 4 failed; shop/billing:1: PullSecretMissing on 1 node (n1): secret shop/regcred does not exist',
    ],
  ],
  [
    'many fail at once',
    WARM,
    aStatus(
      VALID,
      'False Failing 0 of 5 present, 5 failed',
      ['a', 'b', 'c', 'd', 'e'].map(image => ({ ...secret, image, message: '' })),
    ),
    [
      'Warning Failing: 0 of 5 present, 5 failed; a: PullSecretMissing on 1 node (n1); b: PullSecretMissing on 1 node (n1); c: PullSecretMissing on 1 node (n1); and 2 more images',
    ],
  ],
  ['nothing changed', FAILING, FAILING, []],
])('when %s', (_what, previous, next, events) => {
  expect(statusEvents(previous, next).map(({ type, reason, message }) => `${type} ${reason}: ${message}`)).toEqual(
    events,
  );
});
