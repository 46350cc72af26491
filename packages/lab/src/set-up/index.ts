export { cachedFolder, cacheFolder } from './cache-folder.ts';
export { needDebianPackages } from './debian-packages.ts';
export { findProgram } from './find-program.ts';
export { goBuild, goModule, type ModuleBuild, type SourceBuild } from './go-build.ts';
export { type HelmPrograms, helmPrograms, readYaml } from './helm-programs.ts';
export { need, needUpFront, type Purpose } from './needs.ts';
