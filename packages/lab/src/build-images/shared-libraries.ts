import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TarFile } from '../images/index.ts';

const run = promisify(execFile);

/** From here on the C library looks names up in files and DNS without modules that ldd does not show. */
const MIN_GLIBC = 2.34;

/** What the program loads, the loader itself included, under the paths where it looks; from this machine. */
export async function sharedLibraries(program: string): Promise<readonly TarFile[]> {
  refuseOldGlibc();
  const { stdout } = await run('ldd', [program]);
  const paths = parseLdd(stdout).toSorted();
  return Promise.all(paths.map(async path => ({ path, contents: await readFile(path), executable: true })));
}

/** `libm.so.6 => /lib/libm.so.6 (0x7f…)`, and the loader as `/lib64/ld-linux.so (0x7f…)`; the kernel's has no path. */
export function parseLdd(output: string): readonly string[] {
  if (/not found/.test(output)) throw new Error(`expected every shared library to be found, got:\n${output}`);
  return [...output.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}

function refuseOldGlibc(): void {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (Number(header.glibcVersionRuntime) >= MIN_GLIBC) return;
  throw new Error(`expected a machine with glibc ${MIN_GLIBC} or newer (Debian 12), got ${header.glibcVersionRuntime}`);
}
