import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const RULE = '-'.repeat(80);

/** The licence of the project and of every package that the inputs of a bundle are from. */
export async function collectLicences(root: string, inputs: readonly string[]): Promise<string> {
  const own = await readFile(join(root, 'LICENSE'), 'utf8');
  const packages = await Promise.all(packageFolders(inputs).map(folder => describe(join(root, folder))));
  return [`kube-prefetch\n\n${own}`, ...packages].join(`\n${RULE}\n\n`);
}

/** `node_modules/a/node_modules/@b/c/index.js` is of `node_modules/a/node_modules/@b/c`. */
export function packageFolders(inputs: readonly string[]): readonly string[] {
  const folders = inputs.map(input => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]);
  return [...new Set(folders.filter(folder => folder !== undefined))].toSorted();
}

async function describe(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const names = (await readdir(folder)).filter(name => /^(licen[cs]e|notice|copying)([.-]|$)/i.test(name)).toSorted();
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')));
  return [`${manifest.name} ${manifest.version}, ${manifest.license}`, ...texts].join('\n\n');
}
