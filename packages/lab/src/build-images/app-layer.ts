import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle, type Program } from '../build/index.ts';
import { type Layer, layerOf, type TarFile, writeTar } from '../images/index.ts';
import { scratchFolder } from '../machine/index.ts';

/** What docker/Dockerfile copies from dist/, under the same name and with the same modes. */
export async function appLayer(program: Program): Promise<Layer> {
  const scratch = scratchFolder('kube-prefetch-app');
  try {
    await bundle(program, scratch.path);
    const folder = join(scratch.path, program);
    const names = (await readdir(folder)).filter(name => !name.endsWith('.map')).toSorted();
    const files = names.map(async (name): Promise<TarFile> => {
      return { path: `app/${name}`, contents: await readFile(join(folder, name)) };
    });
    return layerOf(writeTar([{ folder: 'app' }, ...(await Promise.all(files))]), { level: 9 });
  } finally {
    scratch.remove();
  }
}
