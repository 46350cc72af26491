import { expect, test } from 'vitest';
import { type Fixture, PATIENCE, RELEASE } from '../fixture.ts';

const CHART = 'charts/kube-prefetch';

/** `helm install`, `upgrade` and what else is said to helm about our release. */
export function helm(fixture: Fixture, command: 'install' | 'upgrade', ...args: readonly string[]): Promise<string> {
  const place = [`--namespace=${RELEASE}`, '--create-namespace', '--wait', `--timeout=${PATIENCE}`];
  return fixture.cluster.helm(command, RELEASE, CHART, ...place, ...fixture.values, ...args);
}

export function installs(here: () => Fixture): void {
  test('helm install --wait ends with a coordinator to spare and an agent on every node', async () => {
    const fixture = here();
    const notes = await helm(fixture, 'install');
    expect(notes).toContain('kubectl apply');
    const { status: deployment } = await fixture.get('deployment', `${RELEASE}-coordinator`, `-n=${RELEASE}`);
    expect(deployment).toMatchObject({ readyReplicas: 2 });
    const { status: daemonSet } = await fixture.get('daemonset', `${RELEASE}-agent`, `-n=${RELEASE}`);
    expect(daemonSet).toMatchObject({ desiredNumberScheduled: 3, numberReady: 3 });
  });

  test('helm test passes', async () => {
    const output = await here().cluster.helm('test', RELEASE, `--namespace=${RELEASE}`, `--timeout=${PATIENCE}`);
    expect(output).toMatch(/Phase:\s+Succeeded/);
  });

  test('the only Secret of the release is that of its certificate authority', async () => {
    const secrets = await here().get('secrets', `-n=${RELEASE}`);
    const ours = secrets.items.filter(({ metadata }) => !metadata.name.startsWith('sh.helm.release'));
    expect(ours).toMatchObject([{ data: { 'tls.crt': expect.any(String), 'tls.key': expect.any(String) } }]);
  });
}
