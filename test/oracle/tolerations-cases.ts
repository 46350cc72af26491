import type { Taint } from '@kube-prefetch/core';
import type { Toleration } from '@kube-prefetch/protocol';
import fc from 'fast-check';
import { labelKey, labelValue } from './label-cases.ts';

export interface TolerationsCase {
  readonly tolerations: readonly Toleration[];
  readonly taints: readonly Taint[];
}

const key = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('dedicated', 'gpu', '') },
  { weight: 1, arbitrary: labelKey },
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'web', '3', '5', '8') },
  { weight: 1, arbitrary: labelValue },
);
const effect = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('NoSchedule', 'NoExecute', 'NoSchedule', 'PreferNoSchedule') },
  { weight: 1, arbitrary: fc.constantFrom('', 'noschedule', 'NoScheduleNoAdmit', 'NoSchedule ') },
);
const operator = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('', 'Equal', 'Exists', 'Gt', 'Lt') },
  { weight: 1, arbitrary: fc.constantFrom('equal', 'NotEqual', 'In', 'exists', 'constructor') },
);
const taint: fc.Arbitrary<Taint> = fc.record({ key, value, effect });

/** Its parts come from the taint more often than not, so that a fair share is tolerated; any of them may be left out. */
const tolerationOf = (one: Taint): fc.Arbitrary<Toleration> => {
  const like = (own: string, other: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(own) }, { weight: 2, arbitrary: other });
  return fc.record(
    { key: like(one.key, key), operator, value: like(one.value, value), effect: like(one.effect, effect) },
    { requiredKeys: [] },
  );
};

export const tolerationsCases: fc.Arbitrary<TolerationsCase> = fc
  .array(taint, { maxLength: 3, size: 'max' })
  .chain(taints =>
    fc.record({
      tolerations: fc.array((taints.length === 0 ? taint : fc.constantFrom(...taints)).chain(tolerationOf), {
        maxLength: 3,
        size: 'max',
      }),
      taints: fc.constant(taints),
    }),
  );
