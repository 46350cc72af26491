import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TarFile } from '../images/index.ts';

const run = promisify(execFile);
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
