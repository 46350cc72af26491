import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarFile, writeTar } from './write-tar.ts';

const MIB = 1024 * 1024;
const TYPES = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

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

export interface Blob {
  readonly digest: string;
  readonly mediaType: string;
  readonly contents: Buffer;
}

/** Manifests and indexes come after what they name; the last of them is the image. */
export interface Image {
  readonly blobs: readonly Blob[];
  readonly manifests: readonly Blob[];
}

export function buildImage(options: ImageOptions): Image {
  const tars = [writeTar(options.files ?? []), ...ballast(options)];
  // Only the first layer can get smaller.
  const layers = tars.map((tar, n) => blob(TYPES.layer, gzipSync(tar, { level: n === 0 ? 6 : 0 })));
  const config = json(TYPES.config, {
    ...platformOf(options),
    config: { Entrypoint: options.entrypoint ?? [], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
  });
  const manifest = json(TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
  });
  return { blobs: [config, ...layers], manifests: [manifest] };
}

/** One reference for several platforms. */
export function buildIndex(images: readonly { platform: string; image: Image }[]): Image {
  const index = json(TYPES.index, {
    schemaVersion: 2,
    mediaType: TYPES.index,
    manifests: images.map(({ platform, image }) => ({
      ...descriptorOf(rootOf(image)),
      platform: platformOf({ platform }),
    })),
  });
  return {
    blobs: images.flatMap(({ image }) => image.blobs),
    manifests: [...images.flatMap(({ image }) => image.manifests), index],
  };
}

/** The manifest or index whose digest is the image's. */
export function rootOf(image: Image): Blob {
  return image.manifests.at(-1) as Blob;
}

/** Compressed, as registries and containerd count: layers and config. */
export function compressedBytes(image: Image): number {
  return image.blobs.reduce((total, { contents }) => total + contents.length, 0);
}

function ballast({ sizeMiB = 0, layers = 1 }: ImageOptions): readonly Buffer[] {
  if (sizeMiB === 0) return [];
  const bytes = Math.floor((sizeMiB * MIB) / layers);
  return Array.from({ length: layers }, (_, n) => writeTar([{ path: `ballast/${n}`, contents: randomBytes(bytes) }]));
}

function platformOf({ platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}` }: ImageOptions) {
  const [os, architecture] = platform.split('/');
  return { os, architecture };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, contents: Buffer): Blob {
  return { digest: digestOf(contents), mediaType, contents };
}

function descriptorOf({ mediaType, digest, contents }: Blob) {
  return { mediaType, digest, size: contents.length };
}

function digestOf(contents: Buffer): string {
  return `sha256:${createHash('sha256').update(contents).digest('hex')}`;
}
