import {
  createAgentPods,
  createKubernetesCertificates,
  createKubernetesSecrets,
  createKubernetesSource,
  createKubernetesStatusSink,
  createLeaseLeadership,
  createNodeTaints,
  createOverwriteDetector,
  createTokenIdentity,
} from '@kube-prefetch/cluster';
import { createClientNodeApi } from '@kube-prefetch/cluster/client-node';
import type { Address } from '@kube-prefetch/process';
import { systemRandom as random } from '@kube-prefetch/time';
import { createServingCertificate } from '../tls/index.ts';
import type { SourceParts, Surroundings } from './source-parts.ts';

type Names =
  | 'namespace'
  | 'podName'
  | 'podIp'
  | 'service'
  | 'lease'
  | 'caSecret'
  | 'caConfigMap'
  | 'agentServiceAccount';
type KubernetesConfig = Readonly<Record<Names, string>> & {
  readonly listen: Address;
  readonly authorityLookMs: number;
  readonly kubeconfig?: string | undefined;
  readonly pullSecrets: 'read' | 'off';
  readonly techsquadPrefetches: 'serve' | 'off';
  readonly pods: 'read' | 'off';
};

/** What the tokens of agents are for. */
const AUDIENCE = 'kube-prefetch';

/** An API server, several replicas of which one leads, and agents known by their tokens. */
export function kubernetesParts(config: KubernetesConfig, { clock, log, metrics, kinds }: Surroundings): SourceParts {
  const { namespace, podName, podIp, listen } = config;
  const own = (name: string) => ({ namespace, name });
  const api = createClientNodeApi({
    kubeconfig: config.kubeconfig,
    clock,
    count: request => metrics.apiRequest(request),
  });
  const overwrites = createOverwriteDetector();
  const store = createKubernetesCertificates({ api, secret: own(config.caSecret), configMap: own(config.caConfigMap) });
  const reads = config.pullSecrets === 'read';
  const serviceAccount = own(config.agentServiceAccount);
  const leadership = createLeaseLeadership({
    api,
    clock,
    random,
    log,
    lease: own(config.lease),
    identity: podName,
    address: `${podIp.includes(':') ? `[${podIp}]` : podIp}:${listen.port}`,
  });
  return {
    source: createKubernetesSource({
      api: overwrites.through(api),
      clock,
      random,
      log,
      ownNamespace: reads ? namespace : undefined,
      techsquad: config.techsquadPrefetches === 'serve',
      kinds: { read: kinds, discovery: api },
      pods: config.pods === 'read',
    }),
    secrets: reads ? createKubernetesSecrets({ api }) : undefined,
    statuses: createKubernetesStatusSink({ api, clock, instance: podName, overwrites }),
    pods: createAgentPods({ api, namespace }),
    taints: createNodeTaints({ api, clock, instance: podName }),
    leadership,
    leaderPod() {
      const name = leadership.leaderName();
      return name && `${namespace}/${name}`;
    },
    trust: {
      certificate: createServingCertificate({
        store,
        clock,
        random,
        log,
        metrics,
        dnsName: config.service,
        lookMs: config.authorityLookMs,
      }),
      identity: createTokenIdentity({ api, clock, audience: AUDIENCE, serviceAccount }),
    },
  };
}
