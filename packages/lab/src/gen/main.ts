import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { renderResourceReference } from '@kube-prefetch/protocol';
import { buildDashboard } from '../monitoring/index.ts';
import { renderAlertsPage, renderRules } from '../monitoring/rules.ts';
import { type GeneratedFile, argoHealth, crds, protos, workloadKinds } from './generated-files.ts';
import { renderPicture } from './picture.ts';

const GENERATED: readonly GeneratedFile[] = [
  ...protos,
  ...crds,
  workloadKinds,
  { path: 'charts/kube-prefetch/files/prometheus-rules.yaml', make: async () => renderRules() },
  {
    path: 'charts/kube-prefetch/files/grafana-dashboard.json',
    make: async () => `${JSON.stringify(buildDashboard(), undefined, 2)}\n`,
  },
  { path: 'docs/alerts.md', make: async () => renderAlertsPage() },
  ...argoHealth,
  { path: 'docs/resources.md', make: async () => renderResourceReference() },
  { path: 'docs/picture.svg', make: async () => renderPicture() },
];

/** `npm run gen` writes every generated file; `--check` only says which are not current. */
const check = process.argv.includes('--check');
let stale = 0;
for (const { path, make } of GENERATED) {
  const wanted = await make();
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === wanted) continue;
  stale += 1;
  if (check) {
    console.error(`${path} is not what its source says: run npm run gen and commit the result`);
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, wanted);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = check && stale > 0 ? 1 : 0;
