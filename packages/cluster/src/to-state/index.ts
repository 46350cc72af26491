export { type Field, MalformedField, type Path, root } from './field.ts';
export { toNamespace, withOwnLabel } from './to-namespace.ts';
export { type NodeDefaults, toNode } from './to-node.ts';
export { toWorkload } from './to-workload.ts';
