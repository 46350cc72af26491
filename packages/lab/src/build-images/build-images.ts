import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROGRAMS, type Program, bundle } from '../build/index.ts';
import { type Image, type Layer, type TarFile, assembleImage, layerOf, writeTar } from '../images/index.ts';
import { type Say, sayToStderr, scratchFolder } from '../machine/index.ts';
import { baseLayer } from './base-layer.ts';
import { readRelease } from './release.ts';
import { runConfig } from './run-config.ts';

/** The images of both programs for this machine's platform, on one base layer. No Docker daemon is asked. */
export async function buildImages({ say = sayToStderr }: { say?: Say } = {}): Promise<Record<Program, Image>> {
  const release = await readRelease();
  const base = await baseLayer({ say });
  const build = async (program: Program) => {
    say(`Bundling the ${program}`);
    const layers = [base, await appLayer(program)];
    return assembleImage({ layers, config: runConfig(program, release), created: release.created });
  };
  const images = await Promise.all(PROGRAMS.map(async program => [program, await build(program)] as const));
  return Object.fromEntries(images) as Record<Program, Image>;
}

/** What docker/Dockerfile copies from dist/, under the same name and with the same modes. */
async function appLayer(program: Program): Promise<Layer> {
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
