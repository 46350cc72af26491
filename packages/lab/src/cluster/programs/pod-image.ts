import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage, type Image, type ImageOptions } from '../../images/index.ts';
import { type Say } from '../../machine/index.ts';
import { goBuild } from '../../set-up/index.ts';

/**
 * Waits, serves (`serve TEXT`, on port 8080) or asks (`get URL`); every pod's sandbox is made of it. Options that change its
 * contents make it an image of its own: a kubelet remembers contents, not names.
 */
export async function podImage({ say, ...options }: { say?: Say } & ImageOptions = {}): Promise<Image> {
  const source = fileURLToPath(new URL('pod-program', import.meta.url));
  const folder = await goBuild({ name: 'pod-program', source, takes: 'under a minute', say });
  const contents = await readFile(join(folder, 'pod-program'));
  const program = { path: 'bin/pod', contents, executable: true };
  return buildImage({ ...options, files: [program, ...(options.files ?? [])], entrypoint: ['/bin/pod'] });
}
