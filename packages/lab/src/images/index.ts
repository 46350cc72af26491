export {
  assembleImage,
  type Blob,
  buildIndex,
  compressedBytes,
  compressedLayer,
  digestOf,
  type Image,
  type Layer,
  layerOf,
  rootOf,
  type RunConfig,
} from './assemble-image.ts';
export { buildImage, type ImageOptions } from './build-image.ts';
export { helloProgram } from './hello-program.ts';
export { writeLayout } from './write-layout.ts';
export { type TarEntry, type TarFile, writeTar } from './write-tar.ts';
