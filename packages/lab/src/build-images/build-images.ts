import { type Program, PROGRAMS } from '../build/index.ts';
import { assembleImage, type Image } from '../images/index.ts';
import { type Say, sayToStderr } from '../machine/index.ts';
import { appLayer } from './app-layer.ts';
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
