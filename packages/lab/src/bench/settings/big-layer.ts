import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { type Layer, compressedLayer, tarFileHeader, writeTar } from '../../images/index.ts';

const END_OF_TAR = 1024;
const HEADER = 512;
/** Of what cannot be compressed, between two copies of the program: about as many bytes as one of them when compressed. */
const NOISE_BYTES = 44_000_000;

/** What layers are filled with: a program, and as much again that does not compress, such as weights or archives. */
export interface Filling {
  /** A tar entry without its header, and the same compressed. */
  readonly bodies: readonly { readonly size: number; readonly body: Buffer; readonly gzipped: Buffer }[];
}

export async function readFilling(program: string): Promise<Filling> {
  const contents = [await readFile(program), randomBytes(NOISE_BYTES)];
  const bodies = contents.map((file, index) => {
    const body = writeTar([{ path: 'x', contents: file }]).subarray(HEADER, -END_OF_TAR);
    return { size: file.length, body, gzipped: gzipSync(body, { level: index === 0 ? 6 : 0 }) };
  });
  return { bodies };
}

/**
 * A layer of about so many bytes, compressed. It is one gzip stream of many members, so that what is in it again and again is
 * compressed once; whoever unpacks it has all the work. `name` makes it unlike any other layer.
 */
export function bigLayer({ bodies }: Filling, name: string, bytes: number): Layer {
  const diff = createHash('sha256');
  const members: Buffer[] = [];
  let size = 0;
  const add = (raw: Buffer, gzipped: Buffer) => {
    diff.update(raw);
    members.push(gzipped);
    size += gzipped.length;
  };
  for (let file = 0; size < bytes; file += 1) {
    for (const { size: length, body, gzipped } of bodies) {
      if (size >= bytes) break;
      const header = tarFileHeader(`${name}/${file}-${length}`, length);
      add(header, gzipSync(header));
      add(body, gzipped);
    }
  }
  const end = Buffer.alloc(END_OF_TAR);
  add(end, gzipSync(end));
  return compressedLayer(Buffer.concat(members), `sha256:${diff.digest('hex')}`);
}
