import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { scratchFolder, startChild } from '@kube-prefetch/lab/machine';
import { ALERTS, buildDashboard, queriesOf } from '@kube-prefetch/lab/monitoring';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { expect, onTestFinished, test } from 'vitest';
import { type Fixture, NEWER, PLAIN, RELEASE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { clusterPrefetch } from '../objects.ts';

const PORT = 9090;
const RULES = resolve('charts/kube-prefetch/files/prometheus-rules.yaml');
/** Panels that show nothing here, and why. */
const EMPTY: Readonly<Record<string, string>> = {
  'Slowed registries: share of pulls that may run': 'no registry is slowed',
  'Limits: bound, used and waited for': 'the release is told no limits',
  'Credential provider plugins, 95% within': 'the nodes have no plugins',
};

export function isScraped(here: () => Fixture, publish: () => Publisher): void {
  test('Prometheus scrapes all pods where their annotations say, takes the rules, and answers every query of the dashboard', async () => {
    const { cluster, get, untilHeld } = here();
    const pods = await get<{ items: readonly Pod[] }>('pods', `-n=${RELEASE}`, '--field-selector=status.phase=Running');
    const prometheus = await startPrometheus(here(), pods.items.map(scrapeConfig));
    await until('every pod to be scraped', async () => (await prometheus.query('up == 1')).length === 5);
    expect(counts(await prometheus.query('count by (job) (up)'))).toEqual({ agent: 3, coordinator: 2 });

    // One image that comes, and one that never does.
    const images = [await publish().image('scraped/new', '1'), `${cluster.registry.address}/scraped/none:1`];
    await cluster.apply(clusterPrefetch('scraped', { images }));
    await untilHeld([PLAIN, NEWER], images.slice(0, 1));
    const panels = queriesOf(buildDashboard(), '1m');
    let empty: readonly string[] = [];
    // A rate shows what happened once for a minute, which may be over before something else is seen for the first time.
    const answered = new Set<string>();
    await until('every panel to have had data', async () => {
      const answers = await prometheus.queryAll(panels.flatMap(({ queries }) => queries));
      for (const [query, samples] of answers) if (hasData(samples)) answered.add(query);
      empty = panels.filter(({ queries }) => queries.some(query => !answered.has(query))).map(({ panel }) => panel);
      return empty.every(panel => panel in EMPTY);
    }).catch(error => {
      throw new Error(`panels without data: ${empty.join('; ')}`, { cause: error });
    });
    expect(panels.length).toBeGreaterThan(30);

    // Of an agent docs/monitoring.md says it; there are as many as nodes.
    const series = counts(await prometheus.query('max by (job) (scrape_samples_scraped)'));
    console.info('series of a pod:', series);
    expect(series['agent']).toBeLessThan(130);

    const rules = await until('every rule to have been evaluated', async () => {
      const found = await prometheus.rules();
      return found.every(({ health }) => health !== 'unknown') && found;
    });
    expect(rules.map(({ name, health }) => `${name} ${health}`)).toEqual(ALERTS.map(({ name }) => `${name} ok`));
    expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
    await cluster.kubectl('delete', 'cpf', 'scraped');
  });
}

/** Debian's has no discovery through the API server: what that does with the annotations is done here. */
function scrapeConfig({ metadata, status }: Pod): object {
  const said = (name: string) => metadata.annotations[`prometheus.io/${name}`];
  expect(said('scrape')).toBe('true');
  return {
    job_name: metadata.name,
    metrics_path: said('path'),
    static_configs: [
      {
        targets: [`${status.podIP}:${said('port')}`],
        labels: { job: metadata.labels['app.kubernetes.io/component'] },
      },
    ],
  };
}

async function startPrometheus({ cluster }: Fixture, scrapeConfigs: readonly object[]) {
  await needDebianPackages(['prometheus']);
  const scratch = scratchFolder('kp-prometheus');
  onTestFinished(() => scratch.remove());
  const config = join(scratch.path, 'prometheus.json');
  const global = { scrape_interval: '1s', evaluation_interval: '1s' };
  writeFileSync(config, JSON.stringify({ global, rule_files: [RULES], scrape_configs: scrapeConfigs }));
  const child = await startChild({
    name: 'prometheus',
    command: 'nsenter',
    args: ['--target', String(cluster.pid), '--net', '--', 'prometheus'].concat(
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(scratch.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${PORT}`,
    ),
    logFile: join(scratch.path, 'prometheus.log'),
  });
  onTestFinished(async () => void (await child.stop()));
  const ask = async <T>(...paths: readonly string[]): Promise<readonly T[]> => {
    const urls = paths.map(path => `http://127.0.0.1:${PORT}/api/v1/${path}`);
    const text = await cluster.inControlPlane('curl', '-sS', '--fail', '--write-out', '\\n', ...urls);
    return text
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { data: T }).data);
  };
  const queryAll = async (expressions: readonly string[]) => {
    const paths = expressions.map(expression => `query?query=${encodeURIComponent(expression)}`);
    const answers = await ask<{ result: readonly Sample[] }>(...paths);
    return new Map(expressions.map((expression, i) => [expression, answers[i]?.result ?? []]));
  };
  return {
    queryAll,
    query: async (expression: string) => (await queryAll([expression])).get(expression) ?? [],
    async rules() {
      const [answer] = await ask<{ groups: readonly { rules: readonly Rule[] }[] }>('rules');
      return answer?.groups.flatMap(({ rules }) => rules) ?? [];
    },
  };
}

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly status: { readonly podIP: string };
}

interface Sample {
  readonly metric: { readonly job?: string };
  readonly value: readonly [number, string];
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: string;
}

/** A quantile of nothing is NaN. */
function hasData(samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => value[1] !== 'NaN');
}

function counts(samples: readonly Sample[]): Readonly<Record<string, number>> {
  return Object.fromEntries(samples.map(({ metric, value }) => [metric.job ?? '', Number(value[1])]));
}
