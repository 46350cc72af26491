export { toYaml } from './generated-files.ts';
