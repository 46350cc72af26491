export { cacheFolder } from './cache-folder.ts';
export { findProgram } from './find-program.ts';
export { freePort } from './free-port.ts';
export { goBuild, type ModuleBuild, type SourceBuild } from './go-build.ts';
export { type NeededPackage, needDebianPackages } from './need-debian-packages.ts';
export { type Say, sayToStderr } from './say.ts';
export { type ScratchFolder, scratchFolder } from './scratch-folder.ts';
export { type Child, type ChildOptions, type Exit, startChild } from './start-child.ts';
export { type Met, waitUntil } from './wait-until.ts';
