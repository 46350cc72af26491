import type { Labels } from '../state/cluster-state.ts';
import { isLabelKey, isLabelValue } from './label-syntax.ts';

/** One line of a label selector or of a node affinity term. */
export interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export const SET_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
/** What node affinity allows beside them. */
export const NODE_OPERATORS = [...SET_OPERATORS, 'Gt', 'Lt'];

/** What makes Kubernetes refuse the requirement; undefined: nothing. */
export function requirementProblem(requirement: Requirement, operators: readonly string[]): string | undefined {
  const { key, operator, values = [] } = requirement;
  if (!operators.includes(operator))
    return `expected the operator of ${quote(key)} to be one of ${operators.join(', ')}, got ${quote(operator)}`;
  if (!isLabelKey(key)) return `expected a label key such as tier or example.com/tier, got ${quote(key)}`;
  const wrong = values.find(value => !isLabelValue(value));
  if (wrong !== undefined)
    return `expected ${quote(key)} to be compared with label values of at most 63 letters, digits, - _ and ., got ${quote(wrong)}`;
  return countProblem(key, operator, values);
}

/** Whether the labels meet a requirement that has no problem. */
export function meetsRequirement({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return value !== undefined && compares(operator, parseInt64(value), parseInt64(values[0] ?? ''));
  }
}

/** `tier In (web, api)`, `tier Exists`, `cores Gt (8)`. */
export function describeRequirement({ key, operator, values = [] }: Requirement): string {
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(', ')})`;
}

function countProblem(key: string, operator: string, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? undefined : `${operator} of ${quote(key)} needs at least one value`;
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0 ? undefined : `${operator} of ${quote(key)} takes no values, got ${values.length}`;
    default:
      return values.length === 1 && parseInt64(values[0] ?? '') !== undefined
        ? undefined
        : `${operator} of ${quote(key)} needs one whole number, got ${quote(values.join(', '))}`;
  }
}

function compares(operator: string, left: bigint | undefined, right: bigint | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return operator === 'Gt' ? left > right : left < right;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const DECIMAL = /^([+-]?)0*([1-9][0-9]*|0)$/;
const MAX_DIGITS = 19;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** As Go's strconv.ParseInt(text, 10, 64), which Gt and Lt rest on; undefined where that gives an error. */
export function parseInt64(text: string): bigint | undefined {
  const [, sign, digits] = DECIMAL.exec(text) ?? [];
  if (digits === undefined || digits.length > MAX_DIGITS) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value >= MIN && value <= MAX ? value : undefined;
}
