import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Layout {
  readonly manifest: { readonly layers: readonly { readonly digest: string; readonly size: number }[] };
  readonly config: { readonly created?: string; readonly config: RunConfig };
  readonly blob: (digest: string) => string;
}

interface RunConfig {
  readonly Entrypoint: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
}

/** The only image of an OCI layout. */
export function readLayout(folder: string): Layout {
  const blob = (digest: string) => join(folder, 'blobs', ...digest.split(':'));
  const read = <T>(file: string) => JSON.parse(readFileSync(file, 'utf8')) as T;
  const index = read<{ manifests: { digest: string }[] }>(join(folder, 'index.json'));
  const manifest = read<Layout['manifest'] & { config: { digest: string } }>(blob(index.manifests[0]?.digest ?? ''));
  return { manifest, config: read(blob(manifest.config.digest)), blob };
}

/** A line for each entry below `under`, which says name, kind, mode, owner and contents. Root only: owners are kept. */
export async function listEntries(layout: Layout, to: string, under = ''): Promise<readonly string[]> {
  mkdirSync(to);
  for (const { digest } of layout.manifest.layers) {
    await run('tar', ['-x', '--same-owner', '--same-permissions', '-C', to, '-f', layout.blob(digest)]);
  }
  const paths = readdirSync(join(to, under), { recursive: true, withFileTypes: true });
  return paths.map(entry => describe(to, join(entry.parentPath, entry.name))).toSorted();
}

function describe(root: string, file: string): string {
  const { mode, uid, gid } = statSync(file);
  const isFolder = statSync(file).isDirectory();
  const contents = isFolder ? '' : createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  return `/${relative(root, file)}${isFolder ? '/' : ''} ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${contents}`.trim();
}
