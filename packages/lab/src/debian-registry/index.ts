export { parseAccessLog, type RegistryRequest } from './parse-access-log.ts';
export { pushImage } from './push-image.ts';
export { type GuardedRegistry, READER, startGuardedRegistry } from './start-guarded-registry.ts';
export { startTokenRegistry, type TokenRegistry } from './start-token-registry.ts';
export { startTlsRegistry, type TlsRegistry } from './start-tls-registry.ts';
export { type Registry, startRegistry, writeRegistryConfig } from './start-registry.ts';
