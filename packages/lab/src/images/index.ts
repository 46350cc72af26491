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
export { type ImageOptions, buildImage, helloProgram } from './build-image.ts';
export { layoutFiles, tarFileHeader, type TarEntry, type TarFile, writeLayout, writeTar } from './write-tar.ts';
