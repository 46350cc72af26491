import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is still reachable. */
export function heapUsedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
