export { type HelmPrograms, helmPrograms } from './helm-programs.ts';
