import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Settings that the chart leaves at their default, and why no operator of a cluster needs them. */
const WITHOUT_VALUE: Readonly<Record<string, string>> = {
  KUBE_PREFETCH_MANIFESTS: 'of a coordinator without a cluster',
  KUBE_PREFETCH_STATUS_DIR: 'of a coordinator without a cluster',
  KUBE_PREFETCH_KUBECONFIG: 'of a coordinator outside of a pod',
  KUBE_PREFETCH_ADMIN_LISTEN: 'a loopback address of its pod',
  KUBE_PREFETCH_PERMIT_TTL: 'agents renew permits by whatever it is',
  KUBE_PREFETCH_AUTHORITY_LOOK: 'an authority lives for years, and a minute costs one read',
  KUBE_PREFETCH_GRACE: 'shorter than the grace period of a pod',
};

test.each([
  ['agent', 'packages/agent/src/config.ts', 'charts/kube-prefetch/templates/agent/*.yaml'],
  ['coordinator', 'packages/coordinator/src/config.ts', 'charts/kube-prefetch/templates/coordinator/*.yaml'],
])('the chart sets every setting of the %s that an operator may need', (_program, config, templates) => {
  const chart = globSync(templates)
    .map(file => readFileSync(file, 'utf8'))
    .join('\n');
  const text = readFileSync(config, 'utf8') + readFileSync('packages/process/src/config/process-settings.ts', 'utf8');
  const settings = [...new Set(text.match(/\bKUBE_PREFETCH_[A-Z_]+/g))];
  expect(settings.length).toBeGreaterThan(10);
  expect(settings.filter(name => !chart.includes(`name: ${name}\n`) && !(name in WITHOUT_VALUE))).toEqual([]);
});
