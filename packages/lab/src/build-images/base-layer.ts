import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Layer, type TarEntry, type TarFile, writeTar } from '../images/index.ts';
import type { Say } from '../machine/index.ts';
import { compressOnce } from './compress-once.ts';
import { debianRecords } from './debian-records.ts';
import { sharedLibraries } from './shared-libraries.ts';
import { strippedNode } from './stripped-node.ts';

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
