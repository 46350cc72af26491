export { buildImages } from './build-images.ts';
export { baseLayer } from './base-layer.ts';
export { BASE_CONFIG } from './run-config.ts';
export { debianVersions, type DebianRecord } from './debian-files.ts';
export { type Release, readRelease } from './release.ts';
