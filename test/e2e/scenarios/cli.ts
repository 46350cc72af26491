import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '@kube-prefetch/lab/build';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Fixture,
  type KubeAnswer,
  NEWER,
  NODES,
  PATIENCE,
  PLAIN,
  ROLLED_OUT,
  TAINTED,
  until,
  VIEWERS,
} from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch, deployment } from '../objects.ts';
import type { WarmImages } from './warm.ts';

const FOLLOW_PAGE = new URL('../follow-page-main.ts', import.meta.url).pathname;
const EXAMPLES = new URL('../../../examples/warm-before-rollout/', import.meta.url).pathname;

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status: { readonly readyReplicas?: number };
}

/** The built program as a plugin of a real kubectl, through the API server and a kubelet to the pod that leads. */
export function answersTheCommandLine(here: () => Fixture, publish: () => Publisher, warm: () => WarmImages): void {
  const scratch = scratchFolder('kp-cli');
  const path = (name: string) => join(scratch.path, name);
  beforeAll(async () => {
    const { file } = await bundle('cli', scratch.path);
    chmodSync(file, 0o755);
    mkdirSync(path('bin'));
    symlinkSync(file, path('bin/kubectl-prefetch'));
  });
  afterAll(() => scratch.remove());

  async function run(user: 'viewer' | 'admin', ...args: readonly string[]): Promise<{ code: number; said: string }> {
    const { cluster } = here();
    const kubeconfig = user === 'admin' ? cluster.kubeconfig : await cluster.kubeconfigFor('vera', [VIEWERS]);
    const env = [`PATH=${path('bin')}:${cluster.env.PATH}`, `KUBECONFIG=${kubeconfig}`];
    return cluster.inControlPlane('env', ...env, 'kubectl', 'prefetch', ...args).then(
      said => ({ code: 0, said }),
      (error: Error) => ({ code: (error.cause as { code: number }).code, said: error.message }),
    );
  }

  const manifest = (object: object) => {
    writeFileSync(path('manifest.json'), JSON.stringify(object));
    return path('manifest.json');
  };

  test("a person with the viewer's rights and no others sees what is warm, and why an image is not on a node", async () => {
    const { code, said } = await run('viewer', 'status', '-A', '-o', 'json');
    expect(code).toBe(0);
    const { resources } = JSON.parse(said) as { resources: { resource: { name: string }; status: { warm: string } }[] };
    expect(resources.find(({ resource }) => resource.name === 'base')?.status.warm).toBe('6/6');
    expect((await run('viewer', 'status', 'cpf/base')).said).toMatch(/clusterprefetch\/base +2 +3 +6\/6 .* Warm\n/);
    const explained = await run('viewer', 'explain', warm().web, '--node', `node${TAINTED}`);
    expect(explained).toMatchObject({ code: 0, said: expect.stringContaining('dedicated=gpu:NoSchedule') });
  });

  test('a person without them is told which are missing', async () => {
    const { cluster } = here();
    const args = ['--kubeconfig', await cluster.kubeconfigFor('eve')];
    expect(await run('viewer', 'status', ...args)).toMatchObject({ code: 1, said: expect.stringContaining('viewer') });
  });

  test('a wait ends at once where all is warm, and where an image can never be', async () => {
    const { cluster } = here();
    expect(await run('viewer', 'wait', 'cpf/base')).toEqual({ code: 0, said: 'cpf/base is warm\n' });
    const missing = `${cluster.registry.address}/cli/missing:1`;
    await cluster.apply(clusterPrefetch('cli', { images: [missing] }));
    const { code, said } = await run('viewer', 'wait', 'cpf/cli', '--timeout', PATIENCE);
    expect([code, said]).toEqual([3, expect.stringContaining(`${missing} cannot become warm on`)]);
    await cluster.kubectl('delete', 'cpf/cli');
  });

  test('a plan tells where a resource would pull, and makes nothing', async () => {
    const image = await publish().image('cli/planned', '1');
    const { code, said } = await run('viewer', 'plan', '-f', manifest(clusterPrefetch('planned', { images: [image] })));
    expect(code).toBe(0);
    expect(said).toMatch(/ClusterPrefetch planned \(new\) wants 1 image: 2 pulls/);
    expect(said).toMatch(new RegExp(`Not on node${TAINTED}: .*dedicated`));
    expect(await here().cluster.kubectl('get', 'cpf', '-o', 'name')).not.toContain('planned');
  });

  test('the page is there through the port-forward of the command, and follows what happens', async () => {
    const { cluster } = here();
    const kubeconfig = await cluster.kubeconfigFor('vera', [VIEWERS]);
    const env = [`PATH=${path('bin')}:${cluster.env.PATH}`, `KUBECONFIG=${kubeconfig}`];
    const file = manifest(clusterPrefetch('followed', { images: [warm().web], suspend: true }));
    const said = await cluster.inControlPlane(
      'env',
      ...env,
      process.execPath,
      FOLLOW_PAGE,
      cluster.kubeconfig,
      file,
      'followed',
    );
    expect(JSON.parse(said)).toEqual({
      page: 200,
      policy: expect.stringContaining("default-src 'none'"),
      script: 200,
      nodes: NODES.map(node => `node${node}`),
      events: 'text/event-stream',
    });
  });

  test('the images of a workload are warm before it is rolled out, and nothing is left of that', async () => {
    const { cluster, holds } = here();
    const image = await publish().image('cli/rollout', '1');
    const file = manifest(deployment('default', 'rollout', image));
    expect(await run('admin', 'warm', '-f', file, '--wait')).toEqual({ code: 0, said: '1 image is warm\n' });
    expect([await holds(PLAIN, image), await holds(NEWER, image), await holds(TAINTED, image)]).toEqual([
      true,
      true,
      false,
    ]);
    const missing = `${cluster.registry.address}/cli/missing:2`;
    expect(await run('admin', 'warm', missing, '--wait')).toMatchObject({
      code: 3,
      said: expect.stringContaining(missing),
    });
    expect(await cluster.kubectl('get', 'prefetches.kube-prefetch.io', '-n=default', '-o', 'name')).toBe('');
  });

  const requestsFor = (image: string) => {
    const [, repository = ''] = /^[^/]+\/(.+):/.exec(image) ?? [];
    return here()
      .cluster.registry.requestLog()
      .filter(({ path }) => path.startsWith(`/v2/${repository}/`)).length;
  };
  /** What the pods of the release run, once all of them are ready. */
  const rolledOut = async () => {
    const { spec, status } = await here().get<Deployment>('deployment/shop', '-n', ROLLED_OUT);
    return status.readyReplicas === spec.replicas && spec.template.spec.containers[0]?.image;
  };

  test('a hook of Helm has the images of a release pulled first, and its pods start without one request to the registry', async () => {
    const { cluster, cliImage, get } = here();
    const warmed = async () => {
      const { metadata, status } = await get<KubeAnswer & { status?: { succeeded?: number } }>(
        'job/shop-warm',
        '-n',
        ROLLED_OUT,
      );
      return status?.succeeded === 1 ? metadata.uid : undefined;
    };
    const jobRuns = async () => {
      const place = ['-n', ROLLED_OUT, '-l=job-name=shop-warm', '--field-selector=status.phase=Running'];
      return (await get('pods', ...place)).items.length > 0;
    };
    // So the Job's pod starts although the registry gives no answer.
    expect(await run('admin', 'warm', cliImage, '--wait')).toMatchObject({ code: 0 });
    let before: string | undefined;
    for (const tag of ['1', '2']) {
      const image = await publish().image('rolled-out/web', tag);
      const sets = [`--set=image=${image}`, `--set=warm.image=${cliImage}`];
      const place = [`--namespace=${ROLLED_OUT}`, '--create-namespace', '--wait', `--timeout=${PATIENCE}`];
      cluster.registry.pause();
      const released = cluster.helm('upgrade', '--install', 'shop', `${EXAMPLES}helm`, ...place, ...sets);
      let asked = 0;
      try {
        // A failed release says why.
        await Promise.race([released, until('the Job to run', jobRuns)]);
        // No pod of the release gets a node before the requests are counted.
        cluster.scheduler.pause();
        cluster.registry.resume();
        const hasWarmed = async () => {
          const uid = await warmed();
          return uid !== undefined && uid !== before;
        };
        await Promise.race([released, until('the Job to have warmed the image', hasWarmed)]);
        asked = requestsFor(image);
      } finally {
        cluster.registry.resume();
        cluster.scheduler.resume();
      }
      expect(asked).toBeGreaterThan(0);
      await released;
      before = await warmed();
      expect([await rolledOut(), requestsFor(image)]).toEqual([image, asked]);
    }
  });

  test('a release whose image does not exist changes nothing', async () => {
    const { cluster, cliImage } = here();
    const missing = `${cluster.registry.address}/rolled-out/web:missing`;
    const sets = [`--set=image=${missing}`, `--set=warm.image=${cliImage}`];
    const place = [`--namespace=${ROLLED_OUT}`, '--wait', `--timeout=${PATIENCE}`];
    await expect(cluster.helm('upgrade', 'shop', `${EXAMPLES}helm`, ...place, ...sets)).rejects.toThrow('hook');
    expect(await cluster.kubectl('logs', 'job/shop-warm', '-n', ROLLED_OUT)).toContain('cannot become warm');
    expect(await rolledOut()).toBe(`${cluster.registry.address}/rolled-out/web:2`);
  });

  test('a step of a pipeline does the same with the manifests that the chart renders', async () => {
    const { cluster } = here();
    const image = await publish().image('rolled-out/web', '3');
    const env = Object.entries({ ...cluster.env, PATH: `${path('bin')}:${cluster.env.PATH}` }).map(each =>
      each.join('='),
    );
    const step = [`${EXAMPLES}ci-step.sh`, 'shop', `${EXAMPLES}helm`, ROLLED_OUT, `--set=image=${image}`];
    await cluster.inControlPlane('env', ...env, ...step);
    expect(await rolledOut()).toBe(image);
    await cluster.kubectl('delete', 'namespace', ROLLED_OUT);
  });
}
