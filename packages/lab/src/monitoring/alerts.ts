/** An alert, and its part of docs/alerts.md. */
export interface Alert {
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly expr: string;
  /** How long the expression must hold. */
  readonly for: string;
  /** One line, in the templates of Prometheus. */
  readonly summary: string;
  readonly means: string;
  /** How to look, one step each. */
  readonly look: readonly string[];
  /** What to do, one case each. */
  readonly act: readonly string[];
}

/** Labels that tell installations apart, whatever adds them; where one is absent it is empty. */
const BY = 'by (cluster, namespace, job)';
const C = 'kube_prefetch_coordinator_';
const A = 'kube_prefetch_agent_';
const REFUSED = 'kind=~"Unauthorized|RateLimited|RegistryUnavailable"';

const DOCTOR = '`kubectl prefetch doctor`';
const STATUS = '`kubectl prefetch status -A`';
const EXPLAIN_NODE = '`kubectl prefetch explain node/NODE`';

/** Every alert that we ship: most important first. */
export const ALERTS: readonly Alert[] = [
  {
    name: 'KubePrefetchNoLeader',
    severity: 'critical',
    expr: `max ${BY} (${C}leader) == 0 or absent(${C}leader)`,
    for: '5m',
    summary: 'No coordinator of kube-prefetch leads, or none is scraped',
    means:
      'No replica of the coordinator holds the Lease, or Prometheus reads no coordinator. Nodes keep what they have and go on from their last plan, one pull at a time; no new image, node or change is seen, and statuses are not written.',
    look: [
      `${DOCTOR} says which coordinators run, who holds the Lease, and what it finds wrong.`,
      '`kubectl -n kube-prefetch get pods -l app.kubernetes.io/component=coordinator`: are they running and ready?',
      '`kubectl -n kube-prefetch get lease` says who led last, and when that was renewed. The log of each coordinator says why it does not lead.',
      '`up` in Prometheus for their job: where they run and lead, they are not scraped.',
    ],
    act: [
      'Pods that are not there: look at their events (image, quota, no node that fits).',
      'Pods that run and do not lead: the API server refuses or does not answer. Check the rights of the ServiceAccount with `helm test`, and the API server itself.',
      'Pods that are not scraped: see [monitoring.md](monitoring.md#have-prometheus-read-the-metrics).',
    ],
  },
  {
    name: 'KubePrefetchNotWarm',
    severity: 'warning',
    expr: `max ${BY} (${C}longest_not_warm_seconds) > 3600`,
    for: '5m',
    summary: 'An image has been asked for and not warm on some node for {{ $value | humanizeDuration }}',
    means:
      'At least one image is asked for on a node whose agent reports, and has not been there for more than an hour. Pods that use it there will pull it when they start. Held nodes (cordoned, under pressure) and suspended resources do not count.',
    look: [
      `${STATUS}: which resources are not warm, what is missing, and the failing images with kind, nodes and what to do. Without the plugin \`kubectl describe\` of the resource has the same.`,
      '`kubectl prefetch explain IMAGE`: for each node the sentence that says what it waits for.',
    ],
    act: [
      'A failure: [failures.md](failures.md) says for each kind what to do.',
      'Waiting for `Permit`, `Slot` or `Registry`: the pace is too slow for what is asked. [pacing.md](pacing.md) has the limits.',
      'Waiting for `Disk`: see [KubePrefetchDiskLimit](#kubeprefetchdisklimit). For `Credentials`: see [KubePrefetchPullSecretUnusable](#kubeprefetchpullsecretunusable).',
      'An image that will never come: take it out with `exclude`, or correct its reference.',
    ],
  },
  {
    name: 'KubePrefetchAgentMissing',
    severity: 'warning',
    expr: `sum ${BY} (${C}nodes{agent=~"silent|none"}) > 0.01 * sum ${BY} (${C}nodes{agent!="not_applicable"})`,
    for: '15m',
    summary: 'Nodes without a reporting agent of kube-prefetch: {{ $value }}',
    means:
      'On more than one in a hundred of the nodes that should have an agent none reports: it fell silent, or never reported to this coordinator. What these nodes hold is unknown, and no image is pulled there. Up to a hundred nodes one is enough.',
    look: [
      `${DOCTOR} names the nodes without a reporting agent, and says what their pods do.`,
      '`kubectl -n kube-prefetch get pods -o wide -l app.kubernetes.io/component=agent` for these nodes: is there a pod, is it ready, what does its log say?',
    ],
    act: [
      'No pod: the DaemonSet tells why in its events (an admission policy, a quota for `system-node-critical`, a node selector).',
      'A pod that restarts: its log ends with the reason.',
      'A pod that runs: it does not reach the coordinator. See [KubePrefetchAgentCutOff](#kubeprefetchagentcutoff).',
      'A node that is gone for good: delete the Node object.',
    ],
  },
  {
    name: 'KubePrefetchAgentMissingForHours',
    severity: 'info',
    expr: `sum ${BY} (${C}nodes{agent=~"silent|none"}) > 0`,
    for: '6h',
    summary: 'Nodes without a reporting agent of kube-prefetch, for hours: {{ $value }}',
    means:
      'For six hours there was always some node that should have an agent and has none that reports, be it one of thousands: too few for `KubePrefetchAgentMissing`, and too long for nodes that just join or leave. What that node holds is unknown, and no image is pulled there.',
    look: [`${DOCTOR} names the nodes, and says what their pods do.`],
    act: [
      'As for [KubePrefetchAgentMissing](#kubeprefetchagentmissing).',
      'Where nodes come and go all day and another one is missing each time, leave this alert out: `metrics.prometheusRule.disabled`.',
    ],
  },
  {
    name: 'KubePrefetchAgentCutOff',
    severity: 'warning',
    expr: `count ${BY} (time() - ${A}coordinator_last_contact_timestamp_seconds > 300)`,
    for: '10m',
    summary: 'Agents of kube-prefetch that have not reached a coordinator for five minutes: {{ $value }}',
    means:
      'These agents run and are scraped, and no coordinator answers them. They go on from the last plan that they have, one pull at a time without a permit.',
    look: [
      `${DOCTOR} names the nodes, says what their pods do, and looks at the leader's clock.`,
      'The log of such an agent says what it tried and what came back.',
      `\`${A}coordinator_last_contact_timestamp_seconds\` by \`instance\` shows which agents; 0 means never.`,
    ],
    act: [
      'All of them: no coordinator leads ([KubePrefetchNoLeader](#kubeprefetchnoleader)), or a network policy keeps agents from its port.',
      'Some: DNS or the network of their nodes; a clock that is wrong by hours makes certificates look invalid.',
      'An error of the API: [errors.md](errors.md) has each code.',
    ],
  },
  {
    name: 'KubePrefetchRuntimeDown',
    severity: 'warning',
    expr: `${A}runtime_up == 0`,
    for: '5m',
    summary:
      'The container runtime of {{ with $labels.node }}{{ . }}{{ else }}{{ $labels.instance }}{{ end }} does not answer kube-prefetch, or is not the one of the kubelet',
    means:
      'The agent cannot ask the runtime, so every image of the node is `Unknown` and nothing is pulled there. Or what answers is another runtime than the kubelet reports.',
    look: [
      `${EXPLAIN_NODE}: the failure of its runtime, with the message. ${DOCTOR} has all such nodes.`,
      '`/readyz` and the log of the agent on that node: `RuntimeUnavailable` or `RuntimeMismatch`, with the message.',
      '`kubectl describe node` shows whether the kubelet has the same trouble.',
    ],
    act: [
      'The runtime is down or its disk fails: repair the node.',
      'The agent may not use the socket: SELinux, a socket elsewhere. [install.md](install.md#platforms) has both.',
      'Another runtime answers: set `runtime.socket` of the chart to the one that the kubelet uses.',
    ],
  },
  {
    name: 'KubePrefetchRegistryRefusing',
    severity: 'warning',
    expr: [
      `sum by (cluster, namespace, job, registry) (increase(${C}pulls_total{${REFUSED}}[30m])) > 2`,
      `and sum by (cluster, namespace, job, registry) (increase(${C}pulls_total{${REFUSED}}[30m]))`,
      `> 0.5 * sum by (cluster, namespace, job, registry) (increase(${C}pulls_total[30m]))`,
    ].join('\n'),
    for: '5m',
    summary: 'The registry {{ $labels.registry }} refuses or fails most pulls of kube-prefetch',
    means:
      'More than half of the pulls from this registry in the last half hour, three at least, ended with `Unauthorized`, `RateLimited` or `RegistryUnavailable`. Images that are there stay; new ones do not come.',
    look: [
      `${STATUS}: the failing images with nodes, messages and what to do.`,
      `\`sum by (registry, kind) (increase(${C}pulls_total[30m]))\` says with what they ended.`,
    ],
    act: [
      '`RateLimited`: fewer pulls at once (`maxConcurrentPullsPerRegistry`), waves with a mirror, an account with a higher limit. [pacing.md](pacing.md) has them.',
      '`Unauthorized`: the pull secret or what the node pulls with. [credentials.md](credentials.md) says which is tried.',
      '`RegistryUnavailable`: the registry, DNS, proxies and the network of the nodes.',
    ],
  },
  {
    name: 'KubePrefetchDiskLimit',
    severity: 'warning',
    expr: [
      `count ${BY} (`,
      `  sum by (cluster, namespace, job, instance) (${A}images_waiting{reason="Disk"})`,
      `  + sum by (cluster, namespace, job, instance) (increase(${A}pulls_total{result="failed", kind="DiskFull"}[30m]))`,
      '  > 0',
      ')',
    ].join('\n'),
    for: '30m',
    summary: 'Nodes where images wait for room on the disk: {{ $value }}',
    means:
      'The file system of the images would pass the limit (`disk.maxUsedPercent` of the chart, 80) if these images were pulled, or it ran full during a pull.',
    look: [
      `${EXPLAIN_NODE}: what each image there waits for.`,
      `\`${A}images_waiting{reason="Disk"} > 0\` by \`instance\`, and the use of the disk on these nodes.`,
      '`crictl images` on such a node: what fills it, and whether anybody still wants it.',
    ],
    act: [
      'Make room: the kubelet deletes unused images only past its `imageGCHighThresholdPercent` (85), which is above our limit.',
      'Ask for fewer images on these nodes (`spec.nodes`), or give them larger disks.',
      'Raise `disk.maxUsedPercent`, but keep it below the threshold of the kubelet: past that it deletes what was just pulled.',
    ],
  },
  {
    name: 'KubePrefetchGaps',
    severity: 'warning',
    expr: `max ${BY} (${C}source_gaps) > 0`,
    for: '15m',
    summary: 'Things that the plans of kube-prefetch are made from and that cannot be read: {{ $value }}',
    means:
      'Something of the API server, or a manifest, cannot be read. What was read before stays in force, plans are marked incomplete, and agents drop nothing because of them. New workloads of that kind are not seen.',
    look: [
      `${DOCTOR}: one sentence for each. The condition Ready of resources names them too.`,
      `\`sum by (resource, code) (rate(${C}api_requests_total{code!="2xx"}[5m]))\` shows which requests fail.`,
    ],
    act: [
      'Forbidden: the ClusterRole of the chart is not the one of this version, or somebody changed it. `helm upgrade` puts it right.',
      'Unreadable objects or manifests: the sentence names them and what is wrong.',
      'No answer: the API server is overloaded or an aggregated API is down.',
    ],
  },
  {
    name: 'KubePrefetchStatusNotWritten',
    severity: 'warning',
    expr: `sum ${BY} (increase(${C}status_writes_total{outcome="failed"}[15m])) > 3`,
    for: '15m',
    summary: 'Statuses of Prefetches are not written',
    means:
      'The API server refuses or does not take statuses. Images are pulled all the same, but `kubectl get`, `kubectl wait` and whatever waits for Warm see old figures.',
    look: [
      `${DOCTOR} looks whether the definitions are there.`,
      'The log of the leading coordinator: each failed write with its reason.',
    ],
    act: [
      'Forbidden: the rights of the chart, as in [KubePrefetchGaps](#kubeprefetchgaps).',
      'Refused as invalid: the CustomResourceDefinitions are older than the coordinator. [install.md](install.md#upgrade) says how they are upgraded.',
      'An admission webhook that refuses or times out: leave `prefetches/status` and `clusterprefetches/status` out of its rules.',
    ],
  },
  {
    name: 'KubePrefetchCertificateEnds',
    severity: 'warning',
    expr: `min by (cluster, namespace, job, certificate) (${C}certificate_end_timestamp_seconds) - time() < 86400`,
    for: '10m',
    summary:
      'The {{ $labels.certificate }} certificate of the coordinator ends in {{ $value | humanizeDuration }} and was not renewed',
    means:
      'Certificates are renewed by the coordinator long before they end. This one has less than a day left. When it has ended, agents refuse the coordinator and go on from their last plan.',
    look: [
      '`/readyz` and the log of each coordinator say what keeps it from renewing.',
      '`kubectl -n kube-prefetch get secret,configmap` for the objects that end in `-ca`.',
    ],
    act: [
      'Forbidden: the Role of the chart in its own namespace.',
      'A Secret that somebody wrote over is never replaced: empty it, as [security.md](security.md#how-agents-know-the-coordinator) says, and a new authority is made. One that was deleted comes back with `helm upgrade`.',
      'A clock that is wrong: set it.',
    ],
  },
  {
    name: 'KubePrefetchAuthorityProblem',
    severity: 'warning',
    expr: `max ${BY} (${C}authority_problem) == 1`,
    for: '15m',
    summary: 'The stored certificate authority of kube-prefetch cannot be used',
    means:
      'The last look at the Secret with the certificate authority failed, for a quarter of an hour now. The coordinator goes on with the certificate that it has until that ends.',
    look: ['`/readyz` of each coordinator has the sentence.'],
    act: ['As for [KubePrefetchCertificateEnds](#kubeprefetchcertificateends).'],
  },
  {
    name: 'KubePrefetchGateOpenedCold',
    severity: 'info',
    expr: `sum ${BY} (increase(${C}nodes_opened_total{reason=~"NodeNotWarmInTime|NodeNeverWarm"}[1h])) > 0`,
    for: '1m',
    summary: 'The gate was opened for nodes that were not warm',
    means:
      'In the last hour the taint of the [gate](gate.md) was taken off nodes that did not hold all images of `gate.resources`: the deadline had passed, or the images cannot come. Pods that start there pull by themselves.',
    look: [
      'Events of the node (`kubectl describe node`) say what was missing.',
      `${EXPLAIN_NODE}: why it was, for each image.`,
    ],
    act: [
      'Too slow: a longer `gate.deadline`, fewer images in `gate.resources`, more pulls at once, a mirror.',
      'Images that cannot come: as in [KubePrefetchNotWarm](#kubeprefetchnotwarm).',
    ],
  },
  {
    name: 'KubePrefetchPullSecretUnusable',
    severity: 'info',
    expr: `max ${BY} (${C}pull_secrets{state="unusable"}) > 0`,
    for: '30m',
    summary: 'Pull secrets that nodes need and that are missing, wrong or cannot be read: {{ $value }}',
    means: 'Images that would be pulled with these secrets wait, with the reason `Credentials`, or are pulled without.',
    look: [`${STATUS} names the secret, what is wrong with it, and the images that need it.`],
    act: [
      'Create or correct the secret: it is read again within `credentials.secretRefresh` (5 minutes).',
      'One that may not be read: `credentials.secrets` of the chart lists the namespaces.',
    ],
  },
  {
    name: 'KubePrefetchDiskUnseen',
    severity: 'info',
    expr: `count ${BY} (${A}disk_visible == 0)`,
    for: '30m',
    summary: 'Nodes where kube-prefetch does not see how full the disk is, and keeps no limit: {{ $value }}',
    means:
      'The agent cannot see the file system of the images there, so `disk.maxUsedPercent` has no effect: pulls may fill the disk until the kubelet deletes images.',
    look: [`\`${A}disk_visible == 0\` by \`instance\`, and the log of such an agent.`],
    act: [
      'Set `disk.hostPath` of the chart to a folder on that file system. [running.md](running.md#disk) says which.',
    ],
  },
  {
    name: 'KubePrefetchPlanningSlow',
    severity: 'info',
    expr: `histogram_quantile(0.99, sum by (cluster, namespace, job, le) (rate(${C}planning_duration_seconds_bucket[10m]))) > 1`,
    for: '15m',
    summary: 'A pass of the coordinator takes {{ $value | humanizeDuration }}',
    means:
      'One in a hundred passes, from the state of the cluster to plans and statuses, takes more than a second. Agents, permits and statuses wait for as long.',
    look: [
      `\`sum ${BY} (${C}nodes)\` and \`sum ${BY} (${C}cells)\`: how large the fleet is.`,
      'CPU of the leading coordinator, and whether its limit throttles it.',
    ],
    act: ['Give it more CPU (`coordinator.resources`). Where that does not help tell us the two figures.'],
  },
];
