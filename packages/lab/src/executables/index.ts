export { makeExecutables } from './make-executables.ts';
export { HOMEPAGE, krewManifest } from './krew-manifest.ts';
export { choosePlatforms, nodeFor, OWN_PLATFORM, type Platform, platformName, PLATFORMS } from './platforms.ts';
