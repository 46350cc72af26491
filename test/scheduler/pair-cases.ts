import type { Labels, Taint } from '@kube-prefetch/core';
import type { Toleration } from '@kube-prefetch/protocol';
import fc, { type Arbitrary } from 'fast-check';
import type { AffinityTerm } from '../oracle/affinity-cases.ts';
import type { TermRequirement } from '../oracle/label-cases.ts';

/** A pod and a node, as far as they decide about each other. What Kubernetes would refuse is not among them. */
export interface Pair {
  /** What the case is about; the rest is left out, but for `everything`. */
  readonly about: 'nodeSelector' | 'affinity' | 'taints' | 'cordoned' | 'extended resources' | 'everything';
  readonly node: NodeHalf;
  readonly pod: PodHalf;
}

type Halves = Omit<Pair, 'about'>;

export interface NodeHalf {
  readonly labels?: Labels;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly gpus?: number;
}

export interface PodHalf {
  readonly nodeSelector?: Labels;
  /** Of the required node affinity; the value SELF of a field stands for the node's name. */
  readonly terms?: readonly AffinityTerm[];
  readonly tolerations?: readonly Toleration[];
  readonly os?: 'linux' | 'windows';
  readonly gpus?: number;
}

export const SELF = 'self';

const key = fc.constantFrom('app', 'example.com/tier', 'constructor');
const value = fc.constantFrom('web', 'db', '');
const count = fc.constantFrom('4', '8', '8', '16', '007', '9223372036854775808');
const labels: Arbitrary<Labels> = fc
  .tuple(fc.dictionary(key, value, { maxKeys: 2 }), fc.option(count, { freq: 8 }))
  .map(([some, cores]): Labels => (cores === null ? some : { ...some, cores }));

const someOf = (own: Labels): Arbitrary<Labels> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.subarray(Object.entries(own)).map(entries => Object.fromEntries(entries)) },
    { weight: 1, arbitrary: fc.dictionary(key, value, { minKeys: 1, maxKeys: 1 }) },
  );

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

/** About a label of the node more often than not, with its own value. */
const expressionOn = (own: Labels, operator: string): Arbitrary<TermRequirement> => {
  const about = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('app', ...Object.keys(own)) }, key);
  switch (operator) {
    case 'Exists':
    case 'DoesNotExist':
      return about.map(one => ({ key: one, operator }));
    case 'Gt':
    case 'Lt':
      return fc
        .constantFrom(...BOUNDS[operator], '5.0', '18446744073709551616')
        .map(one => ({ key: 'cores', operator, values: [one] }));
    default:
      return about.chain(one =>
        fc
          .subarray([(Object.hasOwn(own, one) && own[one]) || 'web', 'db', ''], { minLength: 1, maxLength: 2 })
          .map(values => ({ key: one, operator, values: [...new Set(values)] })),
      );
  }
};

/** Those that a fair share of nodes meets; 5.0 and 2^64 Kubernetes lets in as well, and then they match nothing. */
const BOUNDS = { Gt: ['0', '3', '3', '6', '7', '8', '12'], Lt: ['6', '7', '8', '12', '17', '20', '20'] };

const fieldOf = (operator: string): Arbitrary<TermRequirement> =>
  fc.constantFrom(SELF, 'another').map(name => ({ key: 'metadata.name', operator, values: [name] }));

/** One requirement each, then terms of several. */
const termsOn = (own: Labels): Arbitrary<AffinityTerm>[] => {
  const expression = fc.constantFrom(...OPERATORS).chain(operator => expressionOn(own, operator));
  const field = fc.constantFrom('In', 'NotIn').chain(fieldOf);
  return [
    ...OPERATORS.map(operator => expressionOn(own, operator).map(one => ({ matchExpressions: [one] }))),
    ...['In', 'NotIn'].map(operator => fieldOf(operator).map(one => ({ matchFields: [one] }))),
    fc.record({ matchExpressions: fc.tuple(expression), matchFields: fc.tuple(field) }),
    fc.record({ matchExpressions: fc.tuple(expression, expression) }),
    fc.constant({}),
  ];
};

const affinityOn = (own: Labels): Arbitrary<readonly AffinityTerm[]> => {
  const term = fc.oneof(...termsOn(own));
  return fc.oneof(
    { weight: 5, arbitrary: fc.tuple(term) },
    { weight: 1, arbitrary: fc.array(term, { minLength: 2, maxLength: 3 }) },
  );
};

const taint: Arbitrary<Taint> = fc.record({
  key: fc.constantFrom('dedicated', 'example.com/spot', 'example.com/batch'),
  value: fc.constantFrom('', 'gpu', 'web'),
  effect: fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule'),
});
const taints = fc.uniqueArray(taint, { minLength: 1, maxLength: 2, selector: one => `${one.key} ${one.effect}` });

const tolerationOf = (one: Taint): Arbitrary<Toleration> => {
  const effect = fc.constantFrom({}, { effect: one.effect }, { effect: one.effect }, { effect: 'NoExecute' });
  const exact = fc.constantFrom(one.value, one.value, 'other');
  const toleration = fc.oneof(
    { weight: 3, arbitrary: fc.record({ key: fc.constant(one.key), operator: fc.constant('Exists') }) },
    { weight: 3, arbitrary: fc.record({ key: fc.constant(one.key), operator: fc.constant('Equal'), value: exact }) },
    { weight: 2, arbitrary: fc.record({ key: fc.constant(one.key), value: exact }) },
    { weight: 1, arbitrary: fc.record({ operator: fc.constant('Exists') }) },
    { weight: 1, arbitrary: fc.record({ key: fc.constant('another'), operator: fc.constant('Exists') }) },
  );
  return fc.tuple(toleration, effect).map(([rest, on]): Toleration => ({ ...rest, ...on }));
};
/** One for each taint more often than not. */
const tolerationsOf = (some: readonly Taint[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(...some.map(tolerationOf)) },
    { weight: 1, arbitrary: fc.constant<Toleration[]>([]) },
  );

const gpus = fc.constantFrom(0, 1, 2, 4);
const requested = fc.constantFrom(1, 2, 3);

const aboutNodeSelector: Arbitrary<Halves> = labels.chain(own =>
  fc.record({ node: fc.constant({ labels: own }), pod: fc.record({ nodeSelector: someOf(own) }) }),
);
const aboutAffinity: Arbitrary<Halves> = labels.chain(own =>
  fc.record({ node: fc.constant({ labels: own }), pod: fc.record({ terms: affinityOn(own) }) }),
);
const aboutTaints: Arbitrary<Halves> = taints.chain(some =>
  fc.record({ node: fc.constant({ taints: some }), pod: fc.record({ tolerations: tolerationsOf(some) }) }),
);
const aboutCordon: Arbitrary<Halves> = labels.chain(own =>
  fc.record({ node: fc.constant({ labels: own, unschedulable: true }), pod: fc.record({ nodeSelector: someOf(own) }) }),
);
const aboutResources: Arbitrary<Halves> = fc.record({
  node: fc.oneof({ weight: 4, arbitrary: fc.record({ gpus }) }, { weight: 1, arbitrary: fc.constant({}) }),
  pod: fc.record({ gpus: requested }),
});
const aboutEverything: Arbitrary<Halves> = fc
  .tuple(aboutNodeSelector, aboutAffinity, aboutTaints, aboutResources)
  .chain(halves => fc.subarray(halves, { minLength: 2, maxLength: 3 }))
  .map(halves => halves.reduce(join));

const about = (name: Pair['about'], halves: Arbitrary<Halves>): Arbitrary<Pair> =>
  halves.map(both => ({ about: name, ...both }));

function join(one: Halves, other: Halves): Halves {
  const labelsOfBoth = { ...one.node.labels, ...other.node.labels };
  return { node: { ...one.node, ...other.node, labels: labelsOfBoth }, pod: { ...one.pod, ...other.pod } };
}

export const pairs: Arbitrary<Pair> = fc.oneof(
  { weight: 2, arbitrary: about('nodeSelector', aboutNodeSelector) },
  { weight: 20, arbitrary: about('affinity', aboutAffinity) },
  { weight: 6, arbitrary: about('taints', aboutTaints) },
  { weight: 2, arbitrary: about('cordoned', aboutCordon) },
  { weight: 3, arbitrary: about('extended resources', aboutResources) },
  { weight: 4, arbitrary: about('everything', aboutEverything) },
);
