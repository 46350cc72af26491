import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, descriptorOf, indexOf, rootOf } from './assemble-image.ts';

/** The files of an OCI layout, which skopeo and others know as `oci:FOLDER:TAG`, and archived as `oci-archive:FILE:TAG`. */
export function layoutFiles(image: Image, tag: string): readonly TarFile[] {
  const blobs = [...image.blobs, ...image.manifests];
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const index = indexOf([{ ...descriptorOf(rootOf(image)), annotations }]);
  return [
    ...blobs.map(({ digest, contents }) => ({ path: `blobs/sha256/${digest.slice('sha256:'.length)}`, contents })),
    { path: 'index.json', contents: index.contents },
    { path: 'oci-layout', contents: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
  ];
}

export async function writeLayout(folder: string, image: Image, tag: string): Promise<void> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
  for (const { path, contents } of layoutFiles(image, tag)) await writeFile(join(folder, path), contents);
}

export interface TarFile {
  readonly path: string;
  readonly contents: Buffer;
  readonly executable?: boolean;
}

/** Needed only where a folder is empty, or is not the superuser's with mode 755. */
export interface TarFolder {
  readonly folder: string;
  readonly mode?: number;
  /** User and group. */
  readonly owner?: number;
}

export type TarEntry = TarFile | TarFolder;

interface Header {
  readonly path: string;
  readonly type: '0' | '5';
  readonly mode: number;
  readonly owner: number;
  readonly size: number;
}

const BLOCK = 512;
const NONE = Buffer.alloc(0);

/** A ustar archive; the same entries give the same bytes. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(entry => {
    const contents = 'folder' in entry ? NONE : entry.contents;
    return [writeHeader(headerOf(entry)), contents, padding(contents.length)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function headerOf(entry: TarEntry): Header {
  if ('folder' in entry) {
    const { folder, mode = 0o755, owner = 0 } = entry;
    return { path: `${folder}/`, type: '5', mode, owner, size: 0 };
  }
  const { path, contents, executable } = entry;
  return { path, type: '0', mode: executable ? 0o755 : 0o644, owner: 0, size: contents.length };
}

/** What stands before the contents of a file, for whoever puts an archive together himself. */
export function tarFileHeader(path: string, size: number): Buffer {
  return writeHeader({ path, type: '0', mode: 0o644, owner: 0, size });
}

function writeHeader({ path, type, mode, owner, size }: Header): Buffer {
  const name = path.replace(/^\//, '');
  if (Buffer.byteLength(name) > 100) throw new Error(`expected a path of at most 100 bytes, got ${path}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(owner, 8), 108);
  header.write(octal(owner, 8), 116); // group
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136); // modified
  header.write(`        ${type}`, 148); // the checksum counts as blanks; then what it is
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\0 `.replace('\0\0', '\0'), 148);
  return header;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

function padding(length: number): Buffer {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}
