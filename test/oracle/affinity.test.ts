import { matchesNodeSelector, matchNode, type NodeSelector, type Placement } from '@kube-prefetch/core';
import { aNode } from '@kube-prefetch/core/testing';
import { expect, test } from 'vitest';
import { type AffinityCase, affinityCases, type AffinityTerm } from './affinity-cases.ts';
import { compare } from './compare.ts';
import type { TermRequirement } from './label-cases.ts';

interface Answer {
  readonly matches: boolean;
  readonly error?: string;
  readonly required: boolean;
  readonly valid: boolean;
}

test('node selectors and required node affinity match as GetRequiredNodeAffinity and NewNodeSelector do', async () => {
  const found = await compare<AffinityCase, Answer>({
    about: 'affinity',
    cases: affinityCases,
    ours: one => ({
      pod: matchNode(placementOf(one), aNode(one.node)).verdict !== 'No',
      required: one.required !== undefined && matchesNodeSelector(selectorOf(one.required), one.node),
    }),
    theirs: ({ matches, required }) => ({ pod: matches, required }),
    branches,
    least: {
      matches: 180,
      'does not match': 310,
      'an invalid term, another one matches': 20,
      'an invalid term, no other matches': 110,
      'nodeSelector alone: matches': 30,
      'nodeSelector alone: does not match': 13,
      'no terms: does not match': 20,
      'an empty term alone: does not match': 20,
      'In alone: matches': 4,
      'In alone: does not match': 4,
      'NotIn alone: matches': 4,
      'NotIn alone: does not match': 4,
      'Exists alone: matches': 7,
      'Exists alone: does not match': 3,
      'DoesNotExist alone: matches': 3,
      'DoesNotExist alone: does not match': 7,
      'Gt alone: matches': 3,
      'Gt alone: does not match': 12,
      'Lt alone: matches': 3,
      'Lt alone: does not match': 11,
      'field In alone: matches': 4,
      'field In alone: does not match': 11,
      'field NotIn alone: matches': 12,
      'field NotIn alone: does not match': 3,
      'several requirements in a term: matches': 4,
      'several requirements in a term: does not match': 20,
      'several terms: matches': 30,
      'several terms: does not match': 20,
      'invalid for its operator': 30,
      'invalid for a key': 9,
      'invalid for a value': 20,
      'invalid for the number of values': 30,
      'invalid for not being an integer': 30,
    },
  });
  expect(found).toEqual({ differences: [], tooRare: [] });
});

function placementOf({ nodeSelector, required }: AffinityCase): Placement {
  return {
    choice: undefined,
    pod: {
      tolerations: [],
      extendedResources: {},
      ...(nodeSelector && { nodeSelector }),
      ...(required && { nodeAffinity: selectorOf(required) }),
    },
  };
}

function selectorOf({ nodeSelectorTerms }: NonNullable<AffinityCase['required']>): NodeSelector {
  const list = (requirements: readonly TermRequirement[] = []) =>
    requirements.map(({ values = [], ...rest }) => ({ ...rest, values }));
  return {
    terms: nodeSelectorTerms.map(term => ({
      matchExpressions: list(term.matchExpressions),
      matchFields: list(term.matchFields),
    })),
  };
}

const REASONS: readonly [sign: string, reason: string][] = [
  ['Unsupported value', 'its operator'],
  ['name part must', 'a key'],
  ['prefix part must', 'a key'],
  ['a valid label must be', 'a value'],
  ['values set', 'the number of values'],
  ['exactly one value is required', 'the number of values'],
  ['must have one element', 'the number of values'],
  ['the value must be an integer', 'not being an integer'],
];

function branches(
  { nodeSelector = {}, required }: AffinityCase,
  { matches, error = '', required: matched, valid }: Answer,
): string[] {
  const outcome = matches ? 'matches' : 'does not match';
  if (required !== undefined && !valid) {
    const reasons = REASONS.filter(([sign]) => error.includes(sign)).map(([, reason]) => `invalid for ${reason}`);
    return [outcome, `an invalid term, ${matched ? 'another one matches' : 'no other matches'}`, ...new Set(reasons)];
  }
  if (required === undefined && Object.keys(nodeSelector).length > 0)
    return [outcome, `nodeSelector alone: ${outcome}`];
  if (required === undefined || Object.keys(nodeSelector).length > 0) return [outcome];
  return [outcome, `${shapeOf(required.nodeSelectorTerms)}: ${outcome}`];
}

function shapeOf([first, ...others]: readonly AffinityTerm[]): string {
  if (first === undefined) return 'no terms';
  if (others.length > 0) return 'several terms';
  const { matchExpressions = [], matchFields = [] } = first;
  if (matchExpressions.length + matchFields.length > 1) return 'several requirements in a term';
  if (matchExpressions[0] !== undefined) return `${matchExpressions[0].operator} alone`;
  return matchFields[0] === undefined ? 'an empty term alone' : `field ${matchFields[0].operator} alone`;
}
