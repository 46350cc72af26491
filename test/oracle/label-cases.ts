import type { Labels } from '@kube-prefetch/core';
import fc from 'fast-check';

export interface TermRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: string[];
}

const repeated = (text: string, least: number, most: number) =>
  fc.integer({ min: least, max: most }).map(times => text.repeat(times));

/** Few usual ones, so that both sides of a comparison meet; names that objects have anyway; wrong ones. */
export const labelKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('app', 'tier', 'zone', 'cores') },
  { weight: 6, arbitrary: fc.constantFrom('kubernetes.io/os', 'example.com/tier', 'a.b-c.d/E_f.g-9', 'x') },
  { weight: 4, arbitrary: fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'length') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', '', '/', 'a/', '/a', 'a/b/c', '-a', 'a-', '_', 'a b', 'a\0', 'é'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Example.com/a', 'a..b/c', '-a.b/c', 'a_b/c', 'a.b./c', 'a\n', '１', 'ſ', 'K'),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      repeated('k', 62, 65),
      repeated('p', 252, 255).map(prefix => `${prefix}/k`),
      repeated('p.', 2_000, 3_000),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
);

/** What Gt and Lt read, and what they must not take for an integer of 64 bits. */
const number: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.nat(20).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('007', '-3', '+5', '-0', '5.0', '1e3', '0x10', '1_000', ' 5', '５', '', '-', '+'),
  },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775807', '9223372036854775808', '18446744073709551616') },
  { weight: 1, arbitrary: fc.constantFrom('-9223372036854775808', '-9223372036854775809') },
  { weight: 1, arbitrary: fc.oneof(repeated('0', 18, 70), repeated('9', 18, 70)) },
);

export const labelValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom('web', 'db', 'a', '') },
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom('A_b.c-D', '-a', 'a-', '_', 'a b', 'a/b', 'a\0', 'é', 'a\n', 'Web', 'null') },
  { weight: 1, arbitrary: fc.oneof(repeated('v', 62, 65), repeated('v', 62, 65), repeated('v-', 2_000, 3_000)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
);

const COUNTED = 'cores';

export const labelSet: fc.Arbitrary<Labels> = fc
  .tuple(
    fc.array(fc.tuple(labelKey, labelValue), { maxLength: 4 }),
    fc.option(fc.tuple(fc.constant(COUNTED), number), { freq: 4 }),
  )
  .map(([entries, counted]) => Object.fromEntries(counted === null ? entries : [...entries, counted]));

/** Mostly what is there, so that a fair share matches. */
export function someOf(labels: Labels): fc.Arbitrary<Labels> {
  const own = Object.entries(labels);
  if (own.length === 0) return labelSet;
  return fc.oneof(
    { weight: 6, arbitrary: fc.subarray(own).map(entries => Object.fromEntries(entries)) },
    { weight: 1, arbitrary: labelSet },
  );
}

/** About a label of the set more often than not, with its own value among the others. */
export function requirementOn(labels: Labels, operators: fc.Arbitrary<string>): fc.Arbitrary<TermRequirement> {
  return operators.chain(operator => {
    const counts = operator === 'Gt' || operator === 'Lt';
    return keyFor(labels, counts).chain(key => {
      const other = counts ? number : labelValue;
      const own = { weight: Object.hasOwn(labels, key) ? 2 : 0, arbitrary: fc.constant(labels[key] ?? '') };
      const value = fc.oneof(own, { weight: counts ? 12 : 2, arbitrary: other });
      return fc.oneof(
        { weight: 20, arbitrary: valuesFor(operator, value).map(values => ({ key, operator, values })) },
        { weight: 1, arbitrary: fc.constant({ key, operator }) },
      );
    });
  });
}

function keyFor(labels: Labels, counts: boolean): fc.Arbitrary<string> {
  const own = Object.keys(labels);
  return fc.oneof(
    { weight: counts ? 20 : 0, arbitrary: fc.constant(COUNTED) },
    { weight: 3, arbitrary: own.length === 0 ? labelKey : fc.constantFrom(...own) },
    { weight: 2, arbitrary: labelKey },
  );
}

/** As many as the operator takes, most of the time. */
function valuesFor(operator: string, value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return fc.oneof(
    { weight: 12, arbitrary: fittingValues(operator, value) },
    { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
  );
}

function fittingValues(operator: string, value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  if (operator === 'Gt' || operator === 'Lt') return value.map(only => [only]);
  if (operator === 'Exists' || operator === 'DoesNotExist') return fc.constant([]);
  return fc.array(value, { minLength: 1, maxLength: 3 });
}
