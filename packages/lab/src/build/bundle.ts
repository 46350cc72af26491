import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const PROGRAMS = ['coordinator', 'agent'] as const;
export type Program = (typeof PROGRAMS)[number];

export interface Bundle {
  readonly program: Program;
  readonly file: string;
  /** Of all its parts. */
  readonly sizeBytes: number;
}

/**
 * How to run a bundle. There is an agent on every node, which mostly waits: without these flags Node sizes its heap by the
 * machine and lets 15 MiB of live data grow to 200 before it collects. Lite mode gives up compiled code, which costs an
 * agent no measurable time. The coordinator computes, and keeps Node's defaults.
 */
export const NODE_FLAGS: Readonly<Record<Program, readonly string[]>> = {
  agent: ['--max-semi-space-size=1', '--lite-mode'],
  coordinator: [],
};
/** glibc keeps freed memory in an arena per thread; one is enough for programs that wait. */
export const NODE_ENV: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * A folder per program: `main.mjs` and what it loads on use (dockerode). The banner gives CommonJS dependencies the `require`
 * that an ES module lacks; dockerode's SSH and BuildKit parts, never reached over a local socket, are replaced by a module
 * that throws when it is used.
 */
export async function bundle(program: Program, outFolder: string): Promise<Bundle> {
  const unused = `${root}packages/lab/src/build/not-bundled.cjs`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: `packages/${program}/src/main.ts` },
    // Names of parts depend on it, so it is always the same one.
    outdir: `${root}dist`,
    write: false,
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
    alias: { ssh2: unused, 'cpu-features': unused, '@grpc/grpc-js': unused, '@grpc/proto-loader': unused },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  const folder = join(outFolder, program);
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(folder, basename(path)), contents);
  await setModes(folder);
  const code = outputFiles.filter(({ path }) => path.endsWith('.mjs'));
  return {
    program,
    file: join(folder, 'main.mjs'),
    sizeBytes: code.reduce((sum, file) => sum + file.contents.length, 0),
  };
}

/** Whatever this machine's umask is: images take the modes over. */
async function setModes(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
}
