import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { PageFile } from '@kube-prefetch/dashboard';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const page = join(root, 'packages/dashboard/src/page');

const TYPES = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' } as const;

export interface BuiltPage {
  readonly files: readonly PageFile[];
  /** What something of is in them, for their licences. */
  readonly inputs: readonly string[];
}

/** The page as static files, named after their contents, so that a browser may keep all but the document for ever. */
export async function buildPage(): Promise<BuiltPage> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { page: join(page, 'main.tsx') },
    outdir: join(root, 'dist/page'),
    entryNames: '[name]-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'browser',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const parts = outputFiles.map(({ path, contents }) => asset(basename(path), contents));
  const icon = await readFile(join(page, 'icon.svg'));
  const files = [...parts, asset(`icon-${hashOf(icon)}.svg`, icon)];
  const pathOf = (type: string) => files.find(file => file.type === type)?.path ?? '';
  const html = (await readFile(join(page, 'index.html'), 'utf8'))
    .replace('SCRIPT', pathOf(TYPES.js))
    .replace('STYLE', pathOf(TYPES.css))
    .replace('ICON', pathOf(TYPES.svg));
  const document = { path: '/', type: 'text/html; charset=utf-8', gzip: packed(Buffer.from(html)) };
  return { files: [document, ...files], inputs: Object.keys(metafile.inputs) };
}

/** Puts the built page in the place of the module that holds it. */
export const carryPage: Plugin = {
  name: 'page',
  setup(coordinator) {
    coordinator.onLoad({ filter: /\/dashboard\/src\/page-files\.ts$/ }, async () => {
      const { files } = await buildPage();
      return { contents: `export const pageFiles = ${JSON.stringify(files)};`, loader: 'js' };
    });
  },
};

function asset(name: string, contents: Uint8Array): PageFile {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES];
  return { path: `/assets/${name}`, type, gzip: packed(contents) };
}

function packed(contents: Uint8Array): string {
  return gzipSync(contents, { level: 9 }).toString('base64');
}

function hashOf(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex').slice(0, 8);
}
