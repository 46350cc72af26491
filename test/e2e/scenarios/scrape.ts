import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, startChild } from '@kube-prefetch/lab/machine';
import { needDebianPackages } from '@kube-prefetch/lab/set-up';
import { expect, onTestFinished, test } from 'vitest';
import { type Fixture, RELEASE, until } from '../fixture.ts';

const PORT = 9090;

export function isScraped(here: () => Fixture): void {
  test('Prometheus scrapes both coordinators and every agent where their annotations say', async () => {
    const pods = await here().get<{ items: readonly Pod[] }>(
      'pods',
      `-n=${RELEASE}`,
      '--field-selector=status.phase=Running',
    );
    const query = await startPrometheus(here(), pods.items.map(scrapeConfig));
    await until('every pod to be scraped', async () => (await query('up == 1')).length === 5);
    expect(counts(await query('count by (job) (up)'))).toEqual({ agent: 3, coordinator: 2 });
    // A busy machine may miss a scrape, and then there is no sample for a moment.
    await until('cells that are present', async () => {
      const [present] = await query('sum(kube_prefetch_coordinator_cells{state="Present"})');
      return Number(present?.value[1]) > 0;
    });
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
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: scrapeConfigs }));
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
  return async (expression: string): Promise<readonly Sample[]> => {
    const url = `http://127.0.0.1:${PORT}/api/v1/query?query=${encodeURIComponent(expression)}`;
    return JSON.parse(await cluster.inControlPlane('curl', '-sS', '--fail', url)).data.result;
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

function counts(samples: readonly Sample[]): Readonly<Record<string, number>> {
  return Object.fromEntries(samples.map(({ metric, value }) => [metric.job ?? '', Number(value[1])]));
}
