/** Each cluster has a network namespace of its own, so all use the same addresses. */
export const CONTROL_PLANE = '10.200.0.1';
export const NODE_BITS = 24;
export const POD_RANGE = '10.244.0.0/16';
export const SERVICE_RANGE = '10.96.0.0/16';
export const FIRST_SERVICE = '10.96.0.1';
export const DOMAIN = 'cluster.local';
export const REGISTRY = `${CONTROL_PLANE}:5000`;
export const PRIVATE_REGISTRY = `${CONTROL_PLANE}:5001`;

/** Nodes are numbered from 1. */
export function nodeAddress(number: number): string {
  return `10.200.0.${10 + number}`;
}

export function podRangeOf(number: number): string {
  return `10.244.${number}.0/24`;
}
