import { readFile } from 'node:fs/promises';
import { readBlock } from '@kube-prefetch/lab/docs';
import { expect, test } from 'vitest';
import { type Fixture, NEWER, PATIENCE, PLAIN, RELEASE } from '../fixture.ts';
import { processOf } from '../process-of.ts';
import type { WarmImages } from './warm.ts';

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

  test('an agent can write to nothing of its node but its own folder, where the runtime knows how to see to it', async () => {
    const fixture = here();
    const agents = await fixture.get<{ items: readonly Pod[] }>(
      'pods',
      `-n=${RELEASE}`,
      '-l=app.kubernetes.io/component=agent',
    );
    const agent = agents.items.find(({ spec }) => spec.nodeName === `node${NEWER}`) as Pod;
    const mounts = await mountsOf(await processOf(fixture, agent.metadata.name));
    const ofTheNode = mounts.filter(({ path }) => /^[/](run|var)[/]/.test(`${path}/`));
    expect(ofTheNode.length).toBeGreaterThan(5);
    expect(ofTheNode.filter(({ writable }) => writable)).toEqual([{ path: '/var/lib/kube-prefetch', writable: true }]);
  });

  test('helm test passes, by the commands of docs/install.md', async () => {
    const said = await inShell(here(), readBlock('docs/install.md', 'helm test'));
    expect(said).toMatch(/Phase:\s+Succeeded[^]*kube-prefetch-agent[^]*Running/);
  });

  test('the only Secret of the release is that of its certificate authority', async () => {
    const secrets = await here().get('secrets', `-n=${RELEASE}`);
    const ours = secrets.items.filter(({ metadata }) => !metadata.name.startsWith('sh.helm.release'));
    expect(ours).toMatchObject([{ data: { 'tls.crt': expect.any(String), 'tls.key': expect.any(String) } }]);
  });
}

/** What a person sees by a port-forward to the pod that the Lease names. */
export function showsItsViews(here: () => Fixture, warm: () => WarmImages): void {
  test('the views of a node and of an image are reached by the commands of docs/install.md', async () => {
    const [image = ''] = warm().everywhere;
    const instead = { NODE: `node${PLAIN}`, 'registry.example/shop/web:1.0': image };
    const said = await inShell(here(), readBlock('docs/install.md', 'pod=$(kubectl get lease', { instead }));
    const because = `"image":"${image}"[^]*"node":"node${NEWER}"`;
    expect(said).toMatch(new RegExp(`"name":"node${PLAIN}"[^]*${because}`));
  });
}

function inShell({ cluster }: Fixture, commands: string): Promise<string> {
  const env = Object.entries(cluster.env).map(each => each.join('='));
  return cluster.inControlPlane('env', ...env, 'bash', '-eo', 'pipefail', '-c', commands);
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
}

/** As the process sees them. */
async function mountsOf(pid: number): Promise<readonly { path: string; writable: boolean }[]> {
  const lines = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).trim().split('\n');
  return lines.map(line => {
    const [, , , , path = '', flags = ''] = line.split(' ');
    return { path, writable: flags.split(',').includes('rw') };
  });
}
