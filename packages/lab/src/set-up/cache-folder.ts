import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Say, guardAgainstOurEnd } from '../machine/index.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Where built programs are kept between runs, outside the checkout: $KUBE_PREFETCH_CACHE or ~/.cache/kube-prefetch. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.KUBE_PREFETCH_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kube-prefetch');
}

/**
 * A folder of the cache, filled once: `fill` works in a folder of its own and answers which one in it is the result, which
 * then appears at once and whole. Those of one `kind` (builds, downloads) are filled one at a time.
 */
export async function cachedFolder(
  options: { name: string; kind: string; doing: string; say: Say },
  fill: (work: string, folder: string) => Promise<string>,
): Promise<string> {
  const { name, kind, doing, say } = options;
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  return oneAtATime({ file: join(cacheFolder(), `${kind}.turn`), doing, say }, async () => {
    if (existsSync(folder)) return folder;
    await mkdir(cacheFolder(), { recursive: true });
    const work = await mkdtemp(join(cacheFolder(), '.filling-'));
    const release = guardAgainstOurEnd({ kind: 'folder', value: work });
    try {
      await rename(await fill(work, folder), folder);
      return folder;
    } finally {
      await rm(work, { recursive: true, force: true });
      release();
    }
  });
}
