import { entries, expected, type Field } from './field.ts';

/**
 * The extended resources of a list of quantities that are above zero. As Kubernetes tells them from its own: a name with a
 * domain that is not kubernetes.io.
 */
export function extendedResources(quantities: Field): readonly string[] {
  return entries(quantities)
    .filter(([name, quantity]) => isExtended(name) && isPositive(quantity))
    .map(([name]) => name);
}

function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/;

function isPositive(quantity: Field): boolean {
  const [text, digits] = QUANTITY.exec(String(quantity.value)) ?? [];
  if (text === undefined || digits === undefined) throw expected(quantity, 'a quantity such as 1 or 500m');
  return !text.startsWith('-') && /[1-9]/.test(digits);
}
