import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type Layer, type TarEntry, type TarFile, compressedLayer, digestOf, writeTar } from '../images/index.ts';
import { type Say, scratchFolder } from '../machine/index.ts';
import { cacheFolder, needDebianPackages } from '../set-up/index.ts';
import { debianRecords, sharedLibraries } from './debian-files.ts';

/** Where distroless has it too, so both bases take the same entrypoint. */
export const NODE = '/nodejs/bin/node';
/** Of the user `nonroot`, as in distroless. */
export const NONROOT = 65532;

const ETC: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n`,
  group: `root:x:0:\nnonroot:x:${NONROOT}:\n`,
  // Without it glibc asks no DNS server for a name.
  'nsswitch.conf': 'hosts: files dns\n',
};

/** Node, the C library it needs, two users and /tmp. The same machine files make the same bytes. */
export async function baseLayer({ say }: { say: Say }): Promise<Layer> {
  say('Stripping Node');
  const node = await strippedNode({ say });
  const libraries = await sharedLibraries(node.file);
  const folders: TarEntry[] = [
    { folder: 'home/nonroot', mode: 0o700, owner: NONROOT },
    { folder: 'root', mode: 0o700 },
    { folder: 'tmp', mode: 0o1777 },
  ];
  const files: TarFile[] = [
    { path: NODE, contents: node.contents, executable: true },
    { path: 'usr/share/doc/nodejs/copyright', contents: node.licence },
    ...libraries,
    ...(await debianRecords(libraries.map(library => library.path))),
    ...Object.entries(ETC).map(([name, text]) => ({ path: join('etc', name), contents: Buffer.from(text) })),
    { path: 'etc/os-release', contents: await readFile('/etc/os-release') },
  ];
  return compressOnce(writeTar([...folders, ...files]), { what: 'Node and the C library', say });
}

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL(`../../../../node_modules/node-linux-${process.arch}`, import.meta.url));

export interface StrippedNode {
  /** As npm has it, for whoever asks what it needs. */
  readonly file: string;
  readonly contents: Buffer;
  readonly licence: Buffer;
}

/** npm's Node without its symbol table: a seventh smaller. */
async function strippedNode({ say }: { say: Say }): Promise<StrippedNode> {
  await needDebianPackages(['binutils'], { say });
  const file = join(PACKAGE, 'bin', 'node');
  const scratch = scratchFolder('kube-prefetch-node');
  try {
    const stripped = join(scratch.path, 'node');
    await run('strip', ['-o', stripped, file]);
    return { file, contents: await readFile(stripped), licence: await readFile(join(PACKAGE, 'LICENSE')) };
  } finally {
    scratch.remove();
  }
}

/** 9 takes three times as long and saves half a percent. */
const LEVEL = 6;

/** A large layer, compressed once per machine. Another zlib may compress it otherwise. */
async function compressOnce(tar: Buffer, { what, say }: { what: string; say: Say }): Promise<Layer> {
  const diffId = digestOf(tar);
  const file = join(cacheFolder(), `layer-${diffId.slice('sha256:'.length)}-zlib-${process.versions.zlib}.tar.gz`);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return compressedLayer(kept, diffId);
  say(`Compressing ${what} (several seconds; kept in ${file})`);
  const gzipped = gzipSync(tar, { level: LEVEL });
  await mkdir(dirname(file), { recursive: true });
  // Whole or not at all.
  await writeFile(`${file}.${process.pid}`, gzipped);
  await rename(`${file}.${process.pid}`, file);
  return compressedLayer(gzipped, diffId);
}
