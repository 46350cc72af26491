export {
  type DockerConfigForm,
  type ParsedDockerConfig,
  parseDockerConfig,
  parsePullSecret,
  type PullSecret,
  type RegistryEntry,
} from './docker-config.ts';
export { matchCredentials } from './match-credentials.ts';
export { matchesImage } from './match-registry.ts';
export {
  createProviderCache,
  type CredentialProvider,
  type ParsedProviderConfig,
  parseProviderConfig,
  parseProviderResponse,
  type ProviderCache,
  type ProviderConfig,
  providerConfigFiles,
  type ProviderFile,
  providerRequest,
  type ProviderResponse,
} from './providers/index.ts';
