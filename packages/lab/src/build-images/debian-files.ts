import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
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

const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** Which packages the libraries are from, where scanners look for it in images without dpkg, and their licences. */
export async function debianRecords(libraries: readonly string[]): Promise<readonly TarFile[]> {
  await expectFrom(PACKAGES, libraries);
  const records = await Promise.all(
    PACKAGES.map(async name => [
      { path: `var/lib/dpkg/status.d/${name}`, contents: Buffer.from(await dpkgQuery('--status', name)) },
      { path: `usr/share/doc/${name}/copyright`, contents: await readFile(`/usr/share/doc/${name}/copyright`) },
    ]),
  );
  return records.flat();
}

/** A Debian package of which something is in the images. */
export interface DebianRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

export async function debianVersions(): Promise<readonly DebianRecord[]> {
  const lines = await dpkgQuery('--show', '--showformat=${Package} ${Version} ${Architecture}\\n', ...PACKAGES);
  return lines
    .trim()
    .split('\n')
    .map(line => {
      const [name = '', version = '', architecture = ''] = line.split(' ');
      return { name, version, architecture };
    });
}

async function expectFrom(packages: readonly string[], libraries: readonly string[]): Promise<void> {
  const files = await dpkgQuery('--listfiles', ...packages);
  const known = new Set(files.split('\n').map(withoutUsr));
  for (const library of libraries) {
    if (known.has(withoutUsr(await realpath(library)))) continue;
    throw new Error(`expected ${library} to come from one of the Debian packages ${packages.join(', ')}`);
  }
}

/** Debian's packages may still name /lib what lies in /usr/lib. */
function withoutUsr(path: string): string {
  return path.replace(/^\/usr\//, '/');
}

async function dpkgQuery(...args: readonly string[]): Promise<string> {
  return (await run('dpkg-query', [...args])).stdout;
}
