export { type HelmPrograms, helmPrograms } from './helm-programs.ts';
export { readYaml } from './read-yaml.ts';
