import type {
  AgentPods,
  ClusterSource,
  CountedRequest,
  Leadership,
  NodeTaints,
  SecretReader,
  StatusSink,
  WorkloadKinds,
} from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import type { Clock } from '@kube-prefetch/time';
import type { Trust } from '../http/listen-for-agents.ts';
import type { CertificateMetrics } from '../tls/index.ts';

/** What of the program depends on where the state of the cluster comes from. */
export interface SourceParts {
  readonly source: ClusterSource;
  readonly statuses: StatusSink;
  /** Absent where none may be read. */
  readonly secrets?: SecretReader | undefined;
  readonly leadership: Leadership;
  /** The pod of another leader, `NAMESPACE/NAME`. */
  readonly leaderPod?: () => string | undefined;
  readonly pods?: AgentPods | undefined;
  readonly taints?: NodeTaints | undefined;
  readonly trust?: Trust | undefined;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** Kinds of workloads that are read besides Kubernetes' own. */
  readonly kinds: WorkloadKinds;
  readonly metrics: CertificateMetrics & { apiRequest(request: CountedRequest): void };
}
