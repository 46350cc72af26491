import { randomBytes } from 'node:crypto';
import { assembleImage, type Image, layerOf } from './assemble-image.ts';
import { type TarFile, writeTar } from './write-tar.ts';

const MIB = 1024 * 1024;

export interface ImageOptions {
  /** Of the first layer. */
  readonly files?: readonly TarFile[];
  readonly entrypoint?: readonly string[];
  /** Random bytes, which no compression makes smaller, spread over `layers` further layers. */
  readonly sizeMiB?: number;
  readonly layers?: number;
  /** `linux/arm64`; this machine's by default. */
  readonly platform?: string;
}

/** An image to be pulled: it has the size that is wanted, and starts a program if it is given one. */
export function buildImage(options: ImageOptions): Image {
  const { files = [], entrypoint = [], platform } = options;
  const layers = [layerOf(writeTar(files), { level: 6 }), ...ballast(options).map(tar => layerOf(tar, { level: 0 }))];
  return assembleImage({ layers, config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] }, platform });
}

function ballast({ sizeMiB = 0, layers = 1 }: ImageOptions): readonly Buffer[] {
  if (sizeMiB === 0) return [];
  const bytes = Math.floor((sizeMiB * MIB) / layers);
  return Array.from({ length: layers }, (_, n) => writeTar([{ path: `ballast/${n}`, contents: randomBytes(bytes) }]));
}
