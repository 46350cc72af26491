import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const TYPES = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

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

export interface Layer {
  readonly blob: Blob;
  /** Of the archive before it was compressed. */
  readonly diffId: string;
}

/** What the container is started with, in the words of the OCI image specification. */
export interface RunConfig {
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageParts {
  readonly layers: readonly Layer[];
  readonly config: RunConfig;
  /** `linux/arm64`; this machine's by default. */
  readonly platform?: string;
  /** RFC 3339. */
  readonly created?: string;
}

/** Level 0 for what cannot get smaller. */
export function layerOf(tar: Buffer, { level }: { level: number }): Layer {
  return compressedLayer(gzipSync(tar, { level }), digestOf(tar));
}

export function compressedLayer(gzipped: Buffer, diffId: string): Layer {
  return { blob: blob(TYPES.layer, gzipped), diffId };
}

export function assembleImage({ layers, config, platform, created }: ImageParts): Image {
  const configBlob = json(TYPES.config, {
    ...(created !== undefined && { created }),
    ...platformOf(platform),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.diffId) },
  });
  const blobs = layers.map(layer => layer.blob);
  const manifest = json(TYPES.manifest, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: descriptorOf(configBlob),
    layers: blobs.map(descriptorOf),
  });
  return { blobs: [configBlob, ...blobs], manifests: [manifest] };
}

/** One reference for several platforms. */
export function buildIndex(images: readonly { platform: string; image: Image }[]): Image {
  const index = indexOf(
    images.map(({ platform, image }) => ({ ...descriptorOf(rootOf(image)), platform: platformOf(platform) })),
  );
  return {
    blobs: images.flatMap(({ image }) => image.blobs),
    manifests: [...images.flatMap(({ image }) => image.manifests), index],
  };
}

export function indexOf(manifests: readonly object[]): Blob {
  return json(TYPES.index, { schemaVersion: 2, mediaType: TYPES.index, manifests });
}

/** The manifest or index whose digest is the image's. */
export function rootOf(image: Image): Blob {
  return image.manifests.at(-1) as Blob;
}

/** Compressed, as registries and containerd count: layers and config. */
export function compressedBytes(image: Image): number {
  return image.blobs.reduce((total, { contents }) => total + contents.length, 0);
}

export function descriptorOf({ mediaType, digest, contents }: Blob) {
  return { mediaType, digest, size: contents.length };
}

function platformOf(platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`) {
  const [os, architecture] = platform.split('/');
  return { os, architecture };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, contents: Buffer): Blob {
  return { digest: digestOf(contents), mediaType, contents };
}

export function digestOf(contents: Buffer): string {
  return `sha256:${createHash('sha256').update(contents).digest('hex')}`;
}
