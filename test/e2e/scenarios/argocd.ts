import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conditionOf, type Fixture, PATIENCE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { deployment } from '../objects.ts';
import { type Argocd, buildArgocd, startArgocd } from '../start-argocd.ts';

const NAMESPACE = 'synced';
const EXAMPLE = new URL('../../../examples/argocd/pre-sync/prefetch.yaml', import.meta.url);

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

/** Argo CD's own controller syncs our example and a Deployment of the same image. */
export function syncsWithArgocd(here: () => Fixture, publish: () => Publisher): void {
  const scratch = scratchFolder('kp-argocd');
  let argocd: Argocd | undefined;
  beforeAll(async () => void (await buildArgocd()));
  const close = async () => {
    await argocd?.close();
    argocd = undefined;
  };
  afterAll(async () => {
    await close();
    scratch.remove();
  });
  const running = (): Argocd => argocd as Argocd;

  const release = (image: string, policy = 'BeforeHookCreation') => {
    const hook = readFileSync(EXAMPLE, 'utf8')
      .replace('hook-delete-policy: BeforeHookCreation', `hook-delete-policy: ${policy}`)
      .replace(/registry\.example\/shop\/web:\S+/, image)
      .replace(/.*registry\.example\/shop\/worker:\S+\n/, '');
    expect(hook).not.toContain('registry.example');
    const web = deployment(NAMESPACE, 'web', image) as { spec: object };
    return `${hook}---\n${JSON.stringify({ ...web, spec: { ...web.spec, replicas: 2 } })}\n`;
  };
  const sync = (image: string, policy?: string) => running().sync(release(image, policy));
  const untilSynced = async (phase: 'Succeeded' | 'Failed') => {
    let state: unknown;
    await until(`the sync to be ${phase}`, async () => {
      const found = await running().state();
      state = found;
      return found?.phase === phase;
    }).catch(error => {
      const log = readFileSync(join(scratch.path, 'application-controller.log'), 'utf8').slice(-4_000);
      throw new Error(`${JSON.stringify(state)}\n${log}`, { cause: error });
    });
    return running().state();
  };
  /** The names of what there is of a kind. */
  const names = async (kind: string) =>
    (await here().get(kind, '-n', NAMESPACE)).items.map(({ metadata }) => metadata.name);
  const hookUid = async () =>
    (await here().get('prefetches.kube-prefetch.io', 'next-release', '-n', NAMESPACE)).metadata.uid;
  const rolledOut = async () => {
    await here().cluster.kubectl('rollout', 'status', 'deployment/web', `-n=${NAMESPACE}`, `--timeout=${PATIENCE}`);
    return (await here().get<Deployment>('deployment', 'web', '-n', NAMESPACE)).spec.template.spec.containers[0]?.image;
  };
  const requestsFor = (image: string) =>
    here()
      .cluster.registry.requestLog()
      .filter(({ path }) => path.startsWith(`/v2/${image.slice(image.indexOf('/') + 1, image.lastIndexOf(':'))}/`))
      .length;

  test('Argo CD makes a Deployment once the Prefetch of its PreSync hook is warm, and the pods start without one request to the registry', async () => {
    const fixture = here();
    const { cluster, status } = fixture;
    const image = await publish().image('synced/web', '1');
    cluster.registry.pause();
    try {
      argocd = await startArgocd(fixture, scratch.path, NAMESPACE);
      await sync(image);
      await until('the hook to be planned', async () => {
        const told = await status('prefetches.kube-prefetch.io', 'next-release', `-n=${NAMESPACE}`);
        return conditionOf(told, 'Ready')?.status === 'True';
      });
      await sleep(2_000);
      expect([(await running().state())?.phase, await names('deployments')]).toEqual(['Running', []]);
    } finally {
      cluster.registry.resume();
    }
    const warm = ['wait', '--for=condition=Warm', 'pf/next-release', `-n=${NAMESPACE}`, `--timeout=${PATIENCE}`];
    await cluster.kubectl(...warm);
    const asked = requestsFor(image);
    expect(asked).toBeGreaterThan(0);
    await untilSynced('Succeeded');
    expect([await rolledOut(), requestsFor(image)]).toEqual([image, asked]);
  });

  test('a sync whose image does not exist fails with its name and changes nothing', async () => {
    const { cluster, get } = here();
    const before = [await hookUid(), await get<Deployment>('deployment', 'web', '-n', NAMESPACE)] as const;
    const missing = `${cluster.registry.address}/synced/web:missing`;
    await sync(missing);
    const state = await untilSynced('Failed');
    const [hook] = state?.syncResult?.resources?.filter(({ kind }) => kind === 'Prefetch') ?? [];
    expect(hook).toMatchObject({ hookPhase: 'Failed', message: expect.stringContaining(`${missing}: NotFound`) });
    const after = await get<Deployment>('deployment', 'web', '-n', NAMESPACE);
    expect([after.metadata.generation, after.spec]).toEqual([before[1].metadata.generation, before[1].spec]);
    // BeforeHookCreation: another object in the place of the one before.
    expect(await hookUid()).not.toBe(before[0]);
  });

  test('the next sync goes on from there, and HookSucceeded takes the Prefetch away', async () => {
    const image = await publish().image('synced/web', '2');
    await sync(image, 'BeforeHookCreation,HookSucceeded');
    await untilSynced('Succeeded');
    expect(await rolledOut()).toBe(image);
    await until('the Prefetch to be gone', async () => (await names('prefetches.kube-prefetch.io')).length === 0);
    await close();
  });
}
