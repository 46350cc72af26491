export * as fields from './read-fields.ts';
export { type Field, MalformedField, type Path } from './read-fields.ts';
export { toDeviceClass, toResourceSlice } from './to-devices.ts';
export { toNamespace, toServiceAccount, withOwnLabel } from './to-namespace.ts';
export { toNode } from './to-node.ts';
export { toSecret } from './to-secret.ts';
export { parsePodPlacement } from './to-pod-spec.ts';
