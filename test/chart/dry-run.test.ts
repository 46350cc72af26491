import { type ApiServer, startApiServer } from '@kube-prefetch/lab/cluster';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHART, objectsIn, type Rendered, template, TRY, VALUE_SETS, type ValueSet } from './render.ts';

interface PodTemplate {
  readonly metadata: { readonly labels: object; readonly annotations: object };
  readonly spec: { readonly serviceAccountName?: string };
}

const LEVELS = ['restricted', 'baseline', 'privileged'] as const;

describe('on a real API server', () => {
  const folder = scratchFolder('kp-chart');
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer({ folder: folder.path });
    for (const name of ['kube-prefetch', 'shop', 'ops', 'monitoring'])
      await server.kubectl('create', 'namespace', name);
    await server.kubectl('create', 'serviceaccount', 'default', '--namespace=kube-prefetch');
    for (const level of LEVELS) {
      await server.kubectl('create', 'namespace', level);
      await server.kubectl('label', 'namespace', level, `pod-security.kubernetes.io/enforce=${level}`);
      for (const account of ['warm-kube-prefetch-agent', 'warm-kube-prefetch-coordinator', 'warm-agent', 'default'])
        await server.kubectl('create', 'serviceaccount', account, `--namespace=${level}`);
    }
  });

  afterAll(async () => {
    await server?.close();
    folder.remove();
  });

  test.each(VALUE_SETS)('everything rendered with the values %s is accepted, without a warning', async set => {
    // An API server knows no kind of the Prometheus operator.
    const known = ['metrics.podMonitors.enabled=false', 'metrics.prometheusRule.enabled=false'];
    const objects = objectsIn(await template(set, '--set=crds.install=true', ...known.map(value => `--set=${value}`)));
    const answer = await server.kubectlWith(
      { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) },
      ...TRY,
      '--warnings-as-errors',
    );
    expect(answer.trim().split('\n')).toHaveLength(objects.length);
  });

  test.each<[string, string, ValueSet, RegExp | undefined]>([
    ['coordinator', 'restricted', 'default', undefined],
    ['test', 'restricted', 'default', undefined],
    ['agent', 'privileged', 'default', undefined],
    ['agent', 'privileged', 'everything', undefined],
    ['agent', 'baseline', 'default', /"baseline:latest": hostPath volumes \(volumes "runtime", "state"\)$/m],
    [
      'agent',
      'restricted',
      'default',
      /"restricted:latest": restricted volume types \([^()]*"hostPath"\), runAsNonRoot != true \([^()]*\), runAsUser=0 \([^()]*\)$/m,
    ],
    [
      'agent',
      'baseline',
      'everything',
      /"baseline:latest": host namespaces \(hostNetwork=true\), hostPath volumes \([^()]*\), hostPort \([^()]*\), seLinuxOptions \([^()]*"spc_t"\)$/m,
    ],
  ])(
    'the pod of the %s in a namespace that enforces %s, with the values %s',
    async (component, level, set, refusal) => {
      const pod = await podOf(component, set);
      const answer = server.kubectlWith({ input: JSON.stringify(pod) }, ...TRY, `--namespace=${level}`);
      if (refusal === undefined) expect(await answer).toContain('created');
      else await expect(answer).rejects.toThrow(refusal);
    },
  );
});

/** What a controller would make from the template. */
async function podOf(component: string, set: ValueSet): Promise<object> {
  const objects = objectsIn(await template(set));
  const isOurs = ({ kind, metadata }: Rendered) =>
    ['DaemonSet', 'Deployment', 'Pod'].includes(kind) && metadata.name.endsWith(`-${component}`);
  const object = objects.find(isOurs);
  if (object === undefined) throw new Error(`expected a pod of the ${component} in ${CHART}`);
  const { metadata, spec } = (object.kind === 'Pod' ? object : templateIn(object)) as PodTemplate;
  const { labels, annotations } = metadata;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: component, labels, annotations }, spec };
}

function templateIn({ spec }: Rendered): unknown {
  return (spec as { readonly template: unknown }).template;
}
