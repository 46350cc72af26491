import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ALERTS } from '@kube-prefetch/lab/monitoring';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { afterAll, beforeAll, expect, test } from 'vitest';

const RULES = resolve('charts/kube-prefetch/files/prometheus-rules.yaml');
const SCRATCH = scratchFolder('kp-alerts');
afterAll(() => SCRATCH.remove());
beforeAll(() => needDebianPackages(['prometheus']));

/** Series by name and labels, one value a minute in promtool's notation. */
type Series = Readonly<Record<string, string>>;

interface Cases {
  /** Evaluated then, in minutes. */
  readonly atMinute: number;
  readonly fires: Series;
  /** What the alert says, besides the labels of its rule. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its summary, where that holds values. */
  readonly says?: string;
  /** Each alone. */
  readonly quiet: readonly Series[];
}

const LEADS = { 'coordinator_leader{pod="a"}': '1x400', 'coordinator_leader{pod="b"}': '0x400' };
const HOUR = 60;

/** A series that is named without `job` belongs to the job `kp`. */
const CASES: Readonly<Record<string, Cases>> = {
  KubePrefetchNoLeader: {
    atMinute: 20,
    fires: { 'coordinator_leader{pod="a"}': '0x400', 'coordinator_leader{pod="b"}': '1x10 0x400' },
    quiet: [LEADS, { 'coordinator_leader{pod="a"}': '1x10 0x400', 'coordinator_leader{pod="b"}': '0x12 1x400' }],
  },
  KubePrefetchNotWarm: {
    atMinute: 2 * HOUR,
    fires: {
      'coordinator_longest_not_warm_seconds{pod="a"}': '0+60x400',
      'coordinator_longest_not_warm_seconds{pod="b"}': '0x400',
    },
    says: 'An image has been asked for and not warm on some node for 2h 0m 0s',
    quiet: [
      // A new image comes as soon as the last one is there.
      { 'coordinator_longest_not_warm_seconds{pod="a"}': '0+60x50 0+60x50 0+60x50' },
      { 'coordinator_longest_not_warm_seconds{pod="a"}': '0x400' },
    ],
  },
  KubePrefetchAgentMissing: {
    atMinute: 30,
    fires: { 'coordinator_nodes{agent="reporting"}': '47x400', 'coordinator_nodes{agent="silent"}': '1x400' },
    says: 'Nodes without a reporting agent of kube-prefetch: 1',
    quiet: [
      { 'coordinator_nodes{agent="reporting"}': '48x400', 'coordinator_nodes{agent="silent"}': '0x400' },
      // Nodes that come and go in a large cluster, and those that get no agent.
      { 'coordinator_nodes{agent="reporting"}': '4990x400', 'coordinator_nodes{agent="none"}': '9x400' },
      { 'coordinator_nodes{agent="reporting"}': '3x400', 'coordinator_nodes{agent="not_applicable"}': '9x400' },
      { 'coordinator_nodes{agent="reporting"}': '3x400', 'coordinator_nodes{agent="none"}': '0x19 1x4 0x400' },
    ],
  },
  KubePrefetchAgentMissingForHours: {
    atMinute: 8 * HOUR,
    fires: { 'coordinator_nodes{agent="reporting"}': '4999x600', 'coordinator_nodes{agent="silent"}': '1x600' },
    says: 'Nodes without a reporting agent of kube-prefetch, for hours: 1',
    quiet: [
      { 'coordinator_nodes{agent="reporting"}': '4999x600', 'coordinator_nodes{agent="none"}': '1x300 0x3 1x300' },
      { 'coordinator_nodes{agent="reporting"}': '3x600', 'coordinator_nodes{agent="not_applicable"}': '9x600' },
    ],
  },
  KubePrefetchAgentCutOff: {
    atMinute: 30,
    // promtool begins at 0 of 1970, so minute 5 is 300.
    fires: {
      'agent_coordinator_last_contact_timestamp_seconds{instance="n1"}': '300x400',
      'agent_coordinator_last_contact_timestamp_seconds{instance="n2"}': '0+60x400',
    },
    says: 'Agents of kube-prefetch that have not reached a coordinator for five minutes: 1',
    quiet: [{ 'agent_coordinator_last_contact_timestamp_seconds{instance="n2"}': '0+60x400' }],
  },
  KubePrefetchRuntimeDown: {
    atMinute: 20,
    fires: { 'agent_runtime_up{instance="n1", node="worker-1"}': '1x5 0x400' },
    labels: { instance: 'n1', node: 'worker-1' },
    says: 'The container runtime of worker-1 does not answer kube-prefetch, or is not the one of the kubelet',
    quiet: [{ 'agent_runtime_up{instance="n1"}': '1x400' }, { 'agent_runtime_up{instance="n1"}': '1x17 0x1 1x400' }],
  },
  KubePrefetchRegistryRefusing: {
    atMinute: HOUR,
    fires: {
      'coordinator_pulls_total{registry="r.example", kind="RateLimited"}': '0+1x400',
      'coordinator_pulls_total{registry="r.example", kind="none"}': '0x400',
    },
    labels: { registry: 'r.example' },
    says: 'The registry r.example refuses or fails most pulls of kube-prefetch',
    quiet: [
      // Most pulls work; other failures than the registry's; one image that is refused now and then.
      {
        'coordinator_pulls_total{registry="r.example", kind="RateLimited"}': '0+1x400',
        'coordinator_pulls_total{registry="r.example", kind="none"}': '0+5x400',
      },
      { 'coordinator_pulls_total{registry="r.example", kind="NotFound"}': '0+1x400' },
      { 'coordinator_pulls_total{registry="r.example", kind="Unauthorized"}': '0x30 1x25 2x400' },
    ],
  },
  KubePrefetchDiskLimit: {
    atMinute: 2 * HOUR,
    fires: {
      'agent_images_waiting{instance="n1", reason="Disk"}': '3x400',
      'agent_pulls_total{instance="n1", result="failed", kind="DiskFull"}': '0x400',
    },
    says: 'Nodes where images wait for room on the disk: 1',
    quiet: [
      {
        'agent_images_waiting{instance="n1", reason="Disk"}': '0x400',
        'agent_images_waiting{instance="n1", reason="Slot"}': '3x400',
        'agent_pulls_total{instance="n1", result="failed", kind="DiskFull"}': '7x400',
      },
    ],
  },
  KubePrefetchGaps: {
    atMinute: 30,
    fires: { 'coordinator_source_gaps{pod="a"}': '2x400' },
    says: 'Things that the plans of kube-prefetch are made from and that cannot be read: 2',
    quiet: [{ 'coordinator_source_gaps{pod="a"}': '0x10 1x10 0x400' }],
  },
  KubePrefetchStatusNotWritten: {
    atMinute: HOUR,
    fires: { 'coordinator_status_writes_total{outcome="failed"}': '0+1x400' },
    quiet: [
      {
        'coordinator_status_writes_total{outcome="failed"}': '5x400',
        'coordinator_status_writes_total{outcome="written"}': '0+9x400',
      },
    ],
  },
  KubePrefetchCertificateEnds: {
    atMinute: 30,
    fires: { 'coordinator_certificate_end_timestamp_seconds{certificate="serving"}': '80000x400' },
    labels: { certificate: 'serving' },
    says: 'The serving certificate of the coordinator ends in 21h 43m 20s and was not renewed',
    quiet: [{ 'coordinator_certificate_end_timestamp_seconds{certificate="serving"}': '200000x400' }],
  },
  KubePrefetchAuthorityProblem: {
    atMinute: 30,
    fires: { 'coordinator_authority_problem{pod="a"}': '1x400', 'coordinator_authority_problem{pod="b"}': '0x400' },
    quiet: [{ 'coordinator_authority_problem{pod="a"}': '0x12 1x10 0x400' }],
  },
  KubePrefetchGateOpenedCold: {
    atMinute: HOUR,
    fires: { 'coordinator_nodes_opened_total{reason="NodeNotWarmInTime"}': '0x40 1x400' },
    quiet: [
      {
        'coordinator_nodes_opened_total{reason="NodeWarm"}': '0+1x400',
        'coordinator_nodes_opened_total{reason="NodeNeverWarm"}': '0x400',
      },
    ],
  },
  KubePrefetchPullSecretUnusable: {
    atMinute: HOUR,
    fires: { 'coordinator_pull_secrets{state="unusable"}': '1x400' },
    says: 'Pull secrets that nodes need and that are missing, wrong or cannot be read: 1',
    quiet: [
      { 'coordinator_pull_secrets{state="unusable"}': '0x400', 'coordinator_pull_secrets{state="usable"}': '4x400' },
    ],
  },
  KubePrefetchDiskUnseen: {
    atMinute: HOUR,
    fires: { 'agent_disk_visible{instance="n1"}': '0x400', 'agent_disk_visible{instance="n2"}': '1x400' },
    says: 'Nodes where kube-prefetch does not see how full the disk is, and keeps no limit: 1',
    quiet: [{ 'agent_disk_visible{instance="n2"}': '1x400' }],
  },
  KubePrefetchPlanningSlow: {
    atMinute: HOUR,
    fires: bucketsOf({ '0.5': 0, '1': 0, '2.5': 60, '+Inf': 60 }),
    says: 'A pass of the coordinator takes 2.485s',
    quiet: [bucketsOf({ '0.5': 60, '1': 60, '2.5': 60, '+Inf': 60 })],
  },
};

test('promtool finds nothing wrong with the rules', () => {
  expect(promtool('check', 'rules', RULES)).toMatchObject({ status: 0 });
});

test('every alert has a case that fires it and one that does not', () => {
  expect(Object.keys(CASES).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
});

test.each(Object.entries(CASES))(
  '%s fires when it must, and not otherwise',
  (name, { atMinute, fires, labels, says, quiet }) => {
    const { severity, summary, means } = ALERTS.find(alert => alert.name === name) ?? fail(name);
    const exp_annotations = {
      summary: says ?? summary,
      description: means,
      runbook_url: `docs/alerts.md#${name.toLowerCase()}`,
    };
    const exp_labels = { job: 'kp', severity, ...labels };
    const all = [fires, ...quiet].map((series, i) => ({
      interval: '1m',
      input_series: Object.entries(series).map(([series, values]) => ({
        series: `kube_prefetch_${series.replace('{', '{job="kp", ')}`,
        values,
      })),
      alert_rule_test: [
        { eval_time: `${atMinute}m`, alertname: name, exp_alerts: i === 0 ? [{ exp_labels, exp_annotations }] : [] },
      ],
    }));
    const file = join(SCRATCH.path, `${name}.json`);
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: all }));
    expect(promtool('test', 'rules', file)).toMatchObject({ status: 0 });
  },
);

function fail(name: string): never {
  throw new Error(`there is no alert ${name}`);
}

function bucketsOf(perMinute: Readonly<Record<string, number>>): Series {
  return Object.fromEntries(
    Object.entries(perMinute).map(([le, count]) => [
      `coordinator_planning_duration_seconds_bucket{le="${le}"}`,
      `0+${count}x400`,
    ]),
  );
}

function promtool(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}
