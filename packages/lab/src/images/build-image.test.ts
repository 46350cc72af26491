import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Blob, buildIndex, type Image, rootOf } from './assemble-image.ts';
import { buildImage } from './build-image.ts';

interface Manifest {
  config: { digest: string };
  layers: { digest: string; size: number }[];
}

const read = <T>(blob: Blob | undefined) => JSON.parse(String(blob?.contents)) as T;
const find = (image: Image, digest: string | undefined) => image.blobs.find(blob => blob.digest === digest);
const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('every digest is of the contents, and the manifest names every blob', () => {
  const image = buildImage({ files: [{ path: 'a', contents: Buffer.from('a') }], sizeMiB: 1, layers: 2 });
  expect(image.blobs.map(blob => blob.digest)).toEqual(image.blobs.map(blob => sha256(blob.contents)));
  const { config, layers } = read<Manifest>(rootOf(image));
  expect(image.blobs.map(blob => blob.digest)).toEqual([config.digest, ...layers.map(layer => layer.digest)]);
});

test('the config lists the digests of the unpacked layers', () => {
  const image = buildImage({ sizeMiB: 1, layers: 3 });
  const { config, layers } = read<Manifest>(rootOf(image));
  const { rootfs } = read<{ rootfs: { diff_ids: string[] } }>(find(image, config.digest));
  const unpacked = layers.map(({ digest }) => sha256(gunzipSync(find(image, digest)?.contents ?? Buffer.alloc(0))));
  expect(rootfs.diff_ids).toEqual(unpacked);
});

test('ballast does not shrink when it is compressed', () => {
  const layers = read<Manifest>(rootOf(buildImage({ sizeMiB: 2, layers: 2 }))).layers;
  expect(Math.min(...layers.slice(1).map(layer => layer.size))).toBeGreaterThan(1024 * 1024);
});

test('an index names its images with their platforms, and comes last', () => {
  const image = buildImage({ platform: 'linux/s390x' });
  const index = buildIndex([{ platform: 'linux/s390x', image }]);
  const { manifests } = read<{ manifests: { digest: string; platform: object }[] }>(rootOf(index));
  expect(manifests).toMatchObject([{ digest: rootOf(image).digest, platform: { os: 'linux', architecture: 's390x' } }]);
});
