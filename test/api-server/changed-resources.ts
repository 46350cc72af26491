import { parseResource } from '@kube-prefetch/protocol';
import { RESOURCE_CASES } from '@kube-prefetch/protocol/testing';
import fc, { type Arbitrary } from 'fast-check';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const SMALL_CHARACTERS = 2_000;

/** Undefined: left out. */
type Change = (value: Json) => Json | undefined;

const put =
  (value: Json): Change =>
  () =>
    value;
const OTHERS: readonly Json[] = [
  null,
  '',
  'a',
  'All',
  'Job',
  'x'.repeat(64),
  'x'.repeat(513),
  0,
  1,
  -1,
  0.5,
  1e20,
  true,
  [],
  [null],
  [''],
  ['a', 'a'],
  ['a', 'b'],
  {},
  { a: 'b' },
  { a: null },
  { selector: {} },
  { key: 'a', operator: 'Exists' },
];

const change: Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...OTHERS).map(put) },
  { weight: 3, arbitrary: fc.constantFrom<Change[]>(() => undefined, put(null), put('a')) },
  { weight: 1, arbitrary: fc.constant<Change>(value => (Array.isArray(value) ? [...value, ...value] : [value])) },
  { weight: 1, arbitrary: fc.constantFrom(...OTHERS).map(other => addTo(other)) },
);

/** Resources that are right, one or two of whose values, somewhere in their specs, are something else: often wrong. */
export const changedResources: Arbitrary<{ readonly spec: Json }> = fc.constantFrom(...smallOnes()).chain(document =>
  fc.array(fc.tuple(fc.noBias(fc.nat()), change), { minLength: 1, maxLength: 2 }).map(changes => ({
    ...document,
    spec: changes.reduce((spec, [at, how]) => changeOne(spec, at, how), document.spec),
  })),
);

function smallOnes() {
  return RESOURCE_CASES.map(({ document }) => document as { readonly spec: Json }).filter(
    document => parseResource(document).problems.length === 0 && JSON.stringify(document).length < SMALL_CHARACTERS,
  );
}

function addTo(other: Json): Change {
  return value => {
    if (Array.isArray(value)) return [...(value as readonly Json[]), other];
    return isMapping(value) ? { ...value, added: other } : [value, other];
  };
}

/** `at`: which of all values, in the order of reading. */
function changeOne(root: Json, at: number, how: Change): Json {
  let left = at % countOf(root);
  const visit = (value: Json): Json | undefined => {
    if (left-- === 0) return how(value);
    if (Array.isArray(value)) return (value as readonly Json[]).map(item => visit(item) ?? null);
    if (!isMapping(value)) return value;
    const fields = Object.entries(value).map(([name, field]) => [name, visit(field)] as const);
    return Object.fromEntries(fields.filter((field): field is [string, Json] => field[1] !== undefined));
  };
  return visit(root) ?? null;
}

function isMapping(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, below: Json) => sum + countOf(below), 1);
}
