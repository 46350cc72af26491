import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const PROGRAMS = ['coordinator', 'agent'] as const;
export type Program = (typeof PROGRAMS)[number];

export interface Bundle {
  readonly program: Program;
  readonly file: string;
  readonly sizeBytes: number;
}

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * One file per program. The banner gives CommonJS dependencies the `require` that an ES module lacks; dockerode's SSH and
 * BuildKit parts, a third of the agent's memory and never reached over a local socket, are replaced by a module that
 * throws when it is used.
 */
export async function bundle(program: Program, outFolder: string): Promise<Bundle> {
  const file = `${outFolder}/${program}.mjs`;
  const unused = `${root}packages/lab/src/build/not-bundled.cjs`;
  await build({
    absWorkingDir: root,
    entryPoints: [`packages/${program}/src/main.ts`],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: 'external',
    logLevel: 'warning',
    alias: { ssh2: unused, 'cpu-features': unused, '@grpc/grpc-js': unused, '@grpc/proto-loader': unused },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  return { program, file, sizeBytes: (await stat(file)).size };
}
