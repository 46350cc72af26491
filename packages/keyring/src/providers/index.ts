export { createProviderCache, type ProviderCache } from './provider-cache.ts';
export {
  type CredentialProvider,
  type ParsedProviderConfig,
  parseProviderConfig,
  type ProviderConfig,
  providerConfigFiles,
  type ProviderFile,
} from './provider-config.ts';
export { parseProviderResponse, type ProviderResponse, providerRequest } from './provider-exchange.ts';
