export {
  type Blob,
  buildImage,
  buildIndex,
  compressedBytes,
  type Image,
  type ImageOptions,
  rootOf,
} from './build-image.ts';
export { helloProgram } from './hello-program.ts';
export { type TarFile, writeTar } from './write-tar.ts';
