import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { GeneratedFile } from './generated-file.ts';

const run = promisify(execFile);
const CRI = 'packages/runtime/src/cri';
/** Only what Node can strip: no enums. */
const OPTIONS = 'target=ts,import_extension=ts,erasable_syntax=true';

export const protos: readonly GeneratedFile[] = globSync(`${CRI}/proto/*.proto`)
  .sort()
  .map(proto => ({
    path: `${CRI}/generated/${basename(proto, '.proto')}_pb.ts`,
    make: () => compile(basename(proto)),
  }));

async function compile(proto: string): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'kube-prefetch-gen-'));
  try {
    await run('protoc', [`--proto_path=${CRI}/proto`, `--es_out=${out}`, `--es_opt=${OPTIONS}`, proto]);
    return await readFile(join(out, proto.replace('.proto', '_pb.ts')), 'utf8');
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
