import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { buildPage, carryPage } from './build-page.ts';
import { collectLicences } from './collect-licences.ts';

export const PROGRAMS = ['coordinator', 'agent', 'cli'] as const;
export type Program = (typeof PROGRAMS)[number];

export interface Bundle {
  readonly program: Program;
  readonly file: string;
  /** Of all its parts. */
  readonly sizeBytes: number;
  /** Files of which something is in it, or in the page that it carries. */
  readonly inputs: readonly string[];
}

/**
 * How to run a bundle. There is an agent on every node, which mostly waits: without these flags Node sizes its heap by the
 * machine and lets 15 MiB of live data grow to 200 before it collects. Lite mode gives up compiled code: an agent that pulls
 * takes about a quarter more of CPU time for it, and 15 to 30 MiB less. The coordinator computes. Where its fleet is large, Node
 * would let new objects fill 100 MiB before it looks at them; a quarter of that costs no more time.
 */
export const NODE_FLAGS: Readonly<Record<Program, readonly string[]>> = {
  agent: ['--max-semi-space-size=1', '--lite-mode'],
  cli: [],
  coordinator: ['--max-semi-space-size=8'],
};
/**
 * glibc keeps freed memory in an arena per thread; one is enough for programs that wait. What is larger than the threshold goes back to
 * the system when it is freed: without one, glibc raises its own with each large block, and then keeps what thousands of connections
 * needed once. Node has 64 KiB for what comes over a TLS connection, of which a request touches the first 4: without room at its top
 * the heap never gives it pages that were used before.
 */
export const NODE_ENV: Readonly<Record<Program, Readonly<Record<string, string>>>> = {
  agent: { MALLOC_ARENA_MAX: '1' },
  coordinator: { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '32768', MALLOC_TOP_PAD_: '0' },
  cli: {},
};

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** A folder per program: `main.mjs`, what it loads on use (dockerode), and the licences of all of it. */
export async function bundle(program: Program, outFolder: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build(optionsFor(program));
  const folder = join(outFolder, program);
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(folder, basename(path)), contents);
  const own = inputsOf(metafile);
  const page = own.some(input => input.includes('/dashboard/')) ? (await buildPage()).inputs : [];
  const inputs = [...own, ...page];
  await writeFile(join(folder, 'LICENSES.txt'), await collectLicences(root, inputs));
  if (program === 'cli') await writeFile(join(folder, 'package.json'), await npmManifest());
  await setModes(folder);
  const code = outputFiles.filter(({ path }) => path.endsWith('.mjs'));
  const sizeBytes = code.reduce((sum, { contents }) => sum + contents.length, 0);
  return { program, file: join(folder, 'main.mjs'), sizeBytes, inputs };
}

/** People put the CLI somewhere and run it: it is one file, and says by what. */
function optionsFor(program: Program): ReturnType<typeof optionsOf> {
  const options = optionsOf(`packages/${program}/src/main.ts`);
  if (program !== 'cli') return options;
  return { ...options, splitting: false, banner: { js: `#!/usr/bin/env node\n${options.banner.js}\n${NODE_OR_END}` } };
}

/** What an older Node stumbles over says nothing to people. */
const NODE_OR_END = `if (parseInt(process.versions.node) < 24) {
  console.error('error: kubectl-prefetch needs Node 24 or newer, and this is ' + process.versions.node);
  process.exit(1);
}`;

/** Of the npm package that the CLI's folder is. */
async function npmManifest(): Promise<string> {
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const manifest = {
    name: 'kubectl-prefetch',
    version,
    description: 'kubectl plugin of kube-prefetch: is it warm, and if not, why',
    license,
    type: 'module',
    engines: { node: '>=24' },
    bin: { 'kubectl-prefetch': 'main.mjs' },
    files: ['main.mjs', 'LICENSES.txt'],
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The files of which something would be in the bundle that begins with this one. */
export async function bundledFiles(entry: string): Promise<readonly string[]> {
  return inputsOf((await build(optionsOf(entry))).metafile);
}

function inputsOf({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs).flatMap(output => Object.keys(output.inputs));
}

/**
 * The banner gives CommonJS dependencies the `require` that an ES module lacks; dockerode's SSH and BuildKit parts, never
 * reached over a local socket, are replaced by a module that throws when it is used.
 */
function optionsOf(entry: string): BuildOptions & { banner: { js: string }; write: false; metafile: true } {
  const unused = `${root}packages/lab/src/build/not-bundled.cjs`;
  const http = `${root}packages/lab/src/build/node-http.cjs`;
  return {
    absWorkingDir: root,
    entryPoints: { main: entry },
    // Names of parts depend on it, so it is always the same one.
    outdir: `${root}dist`,
    write: false,
    metafile: true,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    logLevel: 'warning',
    plugins: [carryPage],
    alias: {
      ssh2: unused,
      'cpu-features': unused,
      '@grpc/grpc-js': unused,
      '@grpc/proto-loader': unused,
      'node:http': http,
    },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  };
}

/** Whatever this machine's umask is: images take the modes over. */
async function setModes(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
}
