import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Say, sayToStderr } from '../machine/index.ts';
import { goBuild } from '../set-up/index.ts';
import { type Image, assembleImage, layerOf } from './assemble-image.ts';
import { type TarFile, writeTar } from './write-tar.ts';

const MIB = 1024 * 1024;

export interface ImageOptions {
  /** Of the first layer. */
  readonly files?: readonly TarFile[];
  /** So many first layers, all the same: one download, and each is unpacked. */
  readonly copies?: number;
  readonly entrypoint?: readonly string[];
  /** Random bytes, which no compression makes smaller, spread over `layers` further layers. */
  readonly sizeMiB?: number;
  readonly layers?: number;
  /** `linux/arm64`; this machine's by default. */
  readonly platform?: string;
}

/** An image to be pulled: it has the size that is wanted, and starts a program if it is given one. */
export function buildImage(options: ImageOptions): Image {
  const { files = [], copies = 1, entrypoint = [], platform } = options;
  const first = layerOf(writeTar(files), { level: 6 });
  const further = ballast(options).map(tar => layerOf(tar, { level: 0 }));
  const layers = [...Array.from({ length: copies }, () => first), ...further];
  return assembleImage({ layers, config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] }, platform });
}

function ballast({ sizeMiB = 0, layers = 1 }: ImageOptions): readonly Buffer[] {
  if (sizeMiB === 0) return [];
  const bytes = Math.floor((sizeMiB * MIB) / layers);
  return Array.from({ length: layers }, (_, n) => writeTar([{ path: `ballast/${n}`, contents: randomBytes(bytes) }]));
}

/** The bytes of a static program that prints its arguments on one line and ends; an image of it needs no shell. */
export async function helloProgram({ say = sayToStderr }: { say?: Say } = {}): Promise<Buffer> {
  const source = fileURLToPath(new URL('hello', import.meta.url));
  const folder = await goBuild({ name: 'hello', source, takes: 'under a minute', say });
  return readFile(join(folder, 'hello'));
}
