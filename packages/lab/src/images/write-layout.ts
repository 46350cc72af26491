import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { descriptorOf, type Image, indexOf, rootOf } from './assemble-image.ts';

/** Writes the image as an OCI layout, which skopeo and others know as `oci:FOLDER:TAG`. */
export async function writeLayout(folder: string, image: Image, tag: string): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const { digest, contents } of [...image.blobs, ...image.manifests]) {
    await writeFile(join(blobs, digest.slice('sha256:'.length)), contents);
  }
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const index = indexOf([{ ...descriptorOf(rootOf(image)), annotations }]);
  await writeFile(join(folder, 'index.json'), index.contents);
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}
