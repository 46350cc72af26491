export type { RegistryRequest } from './parse-access-log.ts';
export { pushImage } from './push-image.ts';
export { type Registry, startRegistry } from './start-registry.ts';
