export { parseAccessLog, type RegistryRequest } from './parse-access-log.ts';
export { pushImage } from './push-image.ts';
export { writeRegistryConfig } from './registry-config.ts';
export { type Registry, startRegistry } from './start-registry.ts';
