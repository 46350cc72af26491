import type { Toleration } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { tolerates, tolerationProblem } from './toleration.ts';

const TAINT = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const CASES: readonly [toleration: Toleration, tolerated: boolean, problem: RegExp | undefined][] = [
  [{ key: 'dedicated', value: 'gpu' }, true, undefined],
  [{ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }, true, undefined],
  [{ key: 'dedicated', value: 'web' }, false, undefined],
  [{ key: 'dedicated' }, false, undefined],
  [{ key: 'dedicated', operator: 'Exists' }, true, undefined],
  [{ key: 'dedicated', operator: 'Exists', effect: 'NoExecute' }, false, undefined],
  [{ key: 'other', operator: 'Exists' }, false, undefined],
  [{ operator: 'Exists' }, true, undefined],
  [{ operator: 'Exists', effect: 'NoExecute' }, false, undefined],
  [{ key: 'dedicated', operator: 'Exists', tolerationSeconds: 60 }, true, undefined],
  [{ value: 'gpu' }, true, /without a key/],
  [{ key: '', operator: 'Equal', value: 'web' }, false, /without a key/],
  [{ key: 'dedicated', operator: 'Exists', value: 'web' }, true, /takes no value, got "web"/],
  [{ key: 'dedicated', operator: 'exists' }, false, /Exists or Equal, got "exists"/],
  [{ key: 'dedicated', operator: 'Gt', value: '1' }, false, /got "Gt"/],
  [{ key: 'dedicated', operator: 'Exists', effect: 'NoStart' }, false, /NoExecute, got "NoStart"/],
];

test.each(CASES)('%j on dedicated=gpu:NoSchedule: %j', (toleration, tolerated, problem) => {
  expect(tolerates(toleration, TAINT)).toBe(tolerated);
  if (problem === undefined) expect(tolerationProblem(toleration)).toBeUndefined();
  else expect(tolerationProblem(toleration)).toMatch(problem);
});

test('Lt and Gt tolerate no number', () => {
  for (const operator of ['Lt', 'Gt'])
    expect(tolerates({ key: 'cores', operator, value: '8' }, { key: 'cores', value: '8', effect: 'NoSchedule' })).toBe(
      false,
    );
});
