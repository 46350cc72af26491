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
