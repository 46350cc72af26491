export interface TarFile {
  readonly path: string;
  readonly contents: Buffer;
  readonly executable?: boolean;
}

const BLOCK = 512;

/** A ustar archive; the same files give the same bytes. */
export function writeTar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap(file => [headerOf(file), file.contents, padding(file.contents.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function headerOf({ path, contents, executable }: TarFile): Buffer {
  const name = path.replace(/^\//, '');
  if (Buffer.byteLength(name) > 100) throw new Error(`expected a path of at most 100 bytes, got ${path}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(executable ? 0o755 : 0o644, 8), 100);
  header.write(octal(0, 8), 108); // owner
  header.write(octal(0, 8), 116); // group
  header.write(octal(contents.length, 12), 124);
  header.write(octal(0, 12), 136); // modified
  header.write('        0', 148); // the checksum counts as blanks; then a regular file
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
