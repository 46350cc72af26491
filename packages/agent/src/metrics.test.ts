import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createAgentMetrics } from './metrics.ts';

const [, section = ''] = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8').split('## Agent');
const documented = section.split('\n').filter(line => line.startsWith('| `'));

test('docs/metrics.md names every metric with its type, labels and meaning, and no other', async () => {
  const metrics = createAgentMetrics();
  metrics.pullEnded('pulled', undefined, 1_000);
  metrics.pluginRan('ecr', 'answered', 500);
  const { text } = await metrics.exposition();
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#\n].*\n)*)/gm)].map(
    ([, name, help, type, samples = '']) => {
      const labels = [...new Set([...samples.matchAll(/[{,](\w+)="/g)].map(([, label]) => label))];
      const named = labels.filter(label => label !== 'le').map(label => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${named.join(', ') || '–'} | ${help} |`;
    },
  );
  expect(rows).toEqual(documented);
});

test('what happened is counted by result and kind, and a kind that has not happened yet is there with 0', async () => {
  const metrics = createAgentMetrics();
  metrics.pullEnded('pulled', undefined, 2_000);
  metrics.pullEnded('failed', 'NotFound', 10);
  metrics.bytesPulled(123);
  metrics.credentialsAsked('waits');
  for (let count = 0; count < 40; count += 1) metrics.pluginRan(`plugin-${count}`, 'too_late', 2_000);
  metrics.cellsJudged([{ state: 'Present' }, { state: 'Present' }, { state: 'Waiting', waitingFor: 'Disk' }]);
  metrics.runtimeAnswered(true);
  metrics.coordinatorAnswered(1_700_000_000_500);
  const { text } = await metrics.exposition();
  for (const sample of [
    'pulls_total{result="pulled",kind="none"} 1',
    'pulls_total{result="failed",kind="NotFound"} 1',
    'pulls_total{result="failed",kind="Corrupt"} 0',
    'pull_duration_seconds_sum{result="pulled"} 2',
    'pull_duration_seconds_count{result="cancelled"} 0',
    'pulled_bytes_total 123',
    'credential_requests_total{result="waits"} 1',
    'credential_requests_total{result="given"} 0',
    'credential_plugin_duration_seconds_sum{plugin="plugin-0",result="too_late"} 2',
    'credential_plugin_duration_seconds_count{plugin="other",result="too_late"} 8',
    'images{state="Present"} 2',
    'images{state="Missing"} 0',
    'images_waiting{reason="Disk"} 1',
    'images_waiting{reason="Permit"} 0',
    'runtime_up 1',
    'coordinator_last_contact_timestamp_seconds 1700000000.5',
  ]) {
    expect(text).toContain(`kube_prefetch_agent_${sample}\n`);
  }
});
