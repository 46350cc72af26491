import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where built programs are kept between runs, outside the checkout: $KUBE_PREFETCH_CACHE or ~/.cache/kube-prefetch. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.KUBE_PREFETCH_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kube-prefetch');
}
