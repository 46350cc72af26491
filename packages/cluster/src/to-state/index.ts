export * as fields from './field.ts';
export { type Field, MalformedField, type Path } from './field.ts';
export { toNamespace, withOwnLabel } from './to-namespace.ts';
export { toNode } from './to-node.ts';
export { toServiceAccount } from './to-service-account.ts';
export { toWorkload } from './to-workload.ts';
