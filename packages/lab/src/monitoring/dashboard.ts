import {
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const SOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Where a label is absent, as `cluster` mostly is, "All" matches it too. */
const CHOICE = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$job"';
/** Of things that happen rarely: over less there would be nothing to see. */
const LONG = '30m';

/**
 * Of panels that add up series of every agent: Prometheus keeps each of them for each point before it adds them up, and at 5,000 agents
 * a histogram has 65,000. Without a bound Grafana asks for as many points as the panel has pixels.
 */
const AGENT_POINTS = 120;

/** What the dashboard asks for, by panel; a row of its own has no queries. */
export interface PanelQueries {
  readonly panel: string;
  readonly queries: readonly string[];
}

export function buildDashboard(): Dashboard {
  const board = new DashboardBuilder('kube-prefetch')
    .uid('kube-prefetch')
    .description('Whether images are warm on the nodes that want them, and if not, why')
    .tags(['kube-prefetch'])
    .editable()
    .timezone('browser')
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const label of ['cluster', 'namespace', 'job']) board.withVariable(labelVariable(label));
  let id = 0;
  for (const { title, panels } of ROWS) {
    board.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) board.withPanel(panel.id(++id));
  }
  return board.build();
}

/** Every query of the dashboard, with the variables replaced by what "All" and a range of ten minutes make of them. */
export function queriesOf({ panels = [] }: Dashboard, rateInterval: string): readonly PanelQueries[] {
  return panels.flatMap(panel => {
    if (!('targets' in panel)) return [];
    const targets = panel.targets ?? [];
    const queries = targets
      .flatMap(target => ('expr' in target && typeof target.expr === 'string' ? [target.expr] : []))
      .map(expr =>
        expr
          .replaceAll('$__rate_interval', rateInterval)
          .replaceAll('$__range', '10m')
          .replaceAll(/\$(cluster|namespace|job)/g, '.*'),
      );
    return [{ panel: panel.title ?? '', queries }];
  });
}

type Panel = StatBuilder | TimeseriesBuilder | HeatmapBuilder | TableBuilder;

const ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: 'Is it warm?',
    panels: [
      stat('Warm', 'Of all cells (a node and an image planned for it), those that the runtime calls present.')
        .unit('percentunit')
        .decimals(1)
        .thresholds(steps(['red', null], ['yellow', 0.9], ['green', 0.99]))
        .withTarget(query(`sum(${of('cells', 'state="Present"')}) / sum(${of('cells')})`)),
      stat(
        'Not warm',
        'Cells whose image is missing, waits, is being pulled, has other contents than its tag, or failed.',
      )
        .thresholds(steps(['green', null], ['yellow', 1]))
        .withTarget(query(`sum(${of('cells', 'state=~"Missing|Waiting|Pulling|Stale|Failed"')})`)),
      stat('Failed', 'Cells whose last pull failed. Statuses and docs/failures.md say why.')
        .thresholds(steps(['green', null], ['red', 1]))
        .withTarget(query(`sum(${of('cells', 'state="Failed"')})`)),
      stat('Longest not warm', 'How long the cell that has been asked for and not warm for longest has been so.')
        .unit('s')
        .thresholds(steps(['green', null], ['yellow', 900], ['red', 3600]))
        .withTarget(query(`max(${of('longest_not_warm_seconds')})`)),
      stat('Nodes without agent', 'Nodes whose agent fell silent or never reported.')
        .thresholds(steps(['green', null], ['red', 1]))
        .withTarget(query(`sum(${of('nodes', 'agent=~"silent|none"')})`)),
      stat('Leaders', 'Coordinators that lead: one, whatever the number of replicas.')
        .thresholds(steps(['red', null], ['green', 1], ['red', 2]))
        .withTarget(query(`sum(${of('leader')})`)),
      stacked('Cells by state')
        .span(12)
        .withTarget(query(`sum by (state) (${of('cells')})`, '{{state}}')),
      stacked('Nodes by agent')
        .span(12)
        .withTarget(query(`sum by (agent) (${of('nodes')})`, '{{agent}}')),
    ],
  },
  {
    title: 'From asked to warm',
    panels: [
      heatmap(
        'Time to warm',
        'Cells that became warm, by the time since they were asked for; docs/metrics.md says which count.',
      ).withTarget(
        query(`sum by (le) (increase(${of('time_to_warm_seconds_bucket')}[$__rate_interval]))`, '{{le}}').format(
          PromQueryFormat.Heatmap,
        ),
      ),
      series('Time to warm, quantiles of half an hour', 's')
        .withTarget(query(quantile(0.5, of('time_to_warm_seconds_bucket'), LONG), 'half within'))
        .withTarget(query(quantile(0.95, of('time_to_warm_seconds_bucket'), LONG), '95% within'))
        .withTarget(query(quantile(0.99, of('time_to_warm_seconds_bucket'), LONG), '99% within')),
      series('Cells that became warm', 'cpm')
        .withTarget(query(`60 * sum(rate(${of('time_to_warm_seconds_count')}[$__rate_interval]))`, 'per minute'))
        .withTarget(
          query(
            `sum(increase(${of('time_to_warm_seconds_sum')}[${LONG}])) / sum(increase(${of('time_to_warm_seconds_count')}[${LONG}]))`,
            'mean time in seconds',
          ),
        ),
    ],
  },
  {
    title: 'Pulls',
    panels: [
      series('Pulls by end', 'cpm').withTarget(
        query(`60 * sum by (kind) (rate(${of('pulls_total')}[$__rate_interval]))`, '{{kind}}'),
      ),
      series('Failed pulls by registry', 'cpm').withTarget(
        query(`60 * sum by (registry) (rate(${of('pulls_total', 'kind!="none"')}[$__rate_interval]))`, '{{registry}}'),
      ),
      table('Failures by registry and kind').withTarget(
        query(`sum by (registry, kind) (increase(${of('pulls_total', 'kind!="none"')}[$__range])) > 0`)
          .instant()
          .format(PromQueryFormat.Table),
      ),
      series('Bytes from registries', 'Bps')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(`sum(rate(${byAgents('pulled_bytes_total')}[$__rate_interval]))`, 'all nodes')),
      series('Pull duration, quantiles of half an hour', 's')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(
          query(quantile(0.5, byAgents('pull_duration_seconds_bucket', 'result="pulled"'), LONG), 'half within'),
        )
        .withTarget(
          query(quantile(0.95, byAgents('pull_duration_seconds_bucket', 'result="pulled"'), LONG), '95% within'),
        ),
      series('Pulls by result, as agents count them', 'cpm')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(`60 * sum by (result) (rate(${byAgents('pulls_total')}[$__rate_interval]))`, '{{result}}')),
    ],
  },
  {
    title: 'What images wait for',
    panels: [
      stacked('Images that wait, by reason')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(`sum by (reason) (${byAgents('images_waiting')})`, '{{reason}}')),
      series('Permits').withTarget(query(`sum by (state) (${of('permits')})`, '{{state}}')),
      series('Limits: bound, used and waited for').withTarget(
        query(`sum by (limit, registry, is) (${of('limit')})`, '{{limit}} {{registry}} {{is}}'),
      ),
      series('Slowed registries: share of pulls that may run', 'percentunit').withTarget(
        query(`max by (registry) (${of('registry_slowed')})`, '{{registry}}'),
      ),
      series('Images spread in waves').withTarget(query(`sum by (state) (${of('waves')})`, '{{state}}')),
      series('Nodes of waves').withTarget(query(`sum by (state) (${of('wave_nodes')})`, '{{state}}')),
    ],
  },
  {
    title: 'Tags that move',
    panels: [
      series('Tags that are looked up').withTarget(query(`sum by (state) (${of('moving_tags')})`, '{{state}}')),
      series('Looks by what they found', 'cpm').withTarget(
        query(`60 * sum by (result) (rate(${of('tag_looks_total')}[$__rate_interval]))`, '{{result}}'),
      ),
      series('Looks, as agents count them', 'cpm')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(
          query(`60 * sum by (result) (rate(${byAgents('tag_looks_total')}[$__rate_interval]))`, '{{result}}'),
        ),
    ],
  },
  {
    title: 'Agents',
    panels: [
      series('Agents in trouble')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(`sum(1 - ${byAgents('runtime_up')})`, 'runtime does not answer'))
        .withTarget(
          query(
            `sum(time() - ${byAgents('coordinator_last_contact_timestamp_seconds')} > bool 300)`,
            'no coordinator for five minutes',
          ),
        )
        .withTarget(query(`sum(1 - ${byAgents('disk_visible')})`, 'disk not seen')),
      stacked('Images by state, as agents count them')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(`sum by (state) (${byAgents('images')})`, '{{state}}')),
      series('One look at the node', 's')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(query(quantile(0.99, byAgents('cycle_duration_seconds_bucket')), '99% within')),
      series('Requests for credentials, by agents', 'cpm')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(
          query(
            `60 * sum by (result) (rate(${byAgents('credential_requests_total')}[$__rate_interval]))`,
            '{{result}}',
          ),
        ),
      series('Credential provider plugins, 95% within', 's')
        .maxDataPoints(AGENT_POINTS)
        .withTarget(
          query(
            `histogram_quantile(0.95, sum by (plugin, le) (rate(${byAgents('credential_plugin_duration_seconds_bucket')}[${LONG}])))`,
            '{{plugin}}',
          ),
        ),
    ],
  },
  {
    title: 'Coordinator',
    panels: [
      series('One pass, from the cluster to plans', 's')
        .withTarget(query(quantile(0.5, of('planning_duration_seconds_bucket')), 'half within'))
        .withTarget(query(quantile(0.99, of('planning_duration_seconds_bucket')), '99% within')),
      series('Requests to the API server by answer', 'reqps').withTarget(
        query(`sum by (code) (rate(${of('api_requests_total')}[$__rate_interval]))`, '{{code}}'),
      ),
      series('Answers to agents by status', 'reqps').withTarget(
        query(`sum by (status) (rate(${of('http_requests_total')}[$__rate_interval]))`, '{{status}}'),
      ),
      series('Time to answer, 99% within', 's').withTarget(
        query(
          `histogram_quantile(0.99, sum by (route, le) (rate(${of('http_request_duration_seconds_bucket')}[$__rate_interval])))`,
          '{{route}}',
        ),
      ),
      series('Reports of agents', 'cpm').withTarget(
        query(`60 * sum by (outcome) (rate(${of('reports_total')}[$__rate_interval]))`, '{{outcome}}'),
      ),
      series('Writes of statuses', 'cpm').withTarget(
        query(`60 * sum by (outcome) (rate(${of('status_writes_total')}[$__rate_interval]))`, '{{outcome}}'),
      ),
      series('What cannot be read or used')
        .withTarget(query(`max(${of('source_gaps')})`, 'gaps'))
        .withTarget(query(`max(${of('authority_problem')})`, 'certificate authority')),
      series('Pull secrets').withTarget(query(`max by (state) (${of('pull_secrets')})`, '{{state}}')),
      series('Images that credentials were asked for', 'cpm').withTarget(
        query(`60 * sum by (result) (rate(${of('credential_requests_total')}[$__rate_interval]))`, '{{result}}'),
      ),
      series('Certificates end in', 's').withTarget(
        query(`min by (certificate) (${of('certificate_end_timestamp_seconds')}) - time()`, '{{certificate}}'),
      ),
      series('Gate')
        .withTarget(query(`sum(${of('gated_nodes')})`, 'nodes that carry the taint'))
        .withTarget(
          query(`sum by (reason) (increase(${of('nodes_opened_total')}[${LONG}]))`, '{{reason}} in half an hour'),
        ),
    ],
  },
];

/** A metric of the coordinators. */
function of(name: string, matcher?: string): string {
  return `kube_prefetch_coordinator_${name}{${[CHOICE, matcher].filter(Boolean).join(', ')}}`;
}

function byAgents(name: string, matcher?: string): string {
  return `kube_prefetch_agent_${name}{${[CHOICE, matcher].filter(Boolean).join(', ')}}`;
}

function quantile(share: number, buckets: string, window = '$__rate_interval'): string {
  return `histogram_quantile(${share}, sum by (le) (rate(${buckets}[${window}])))`;
}

function query(expr: string, legend = ''): DataqueryBuilder {
  return new DataqueryBuilder().datasource(SOURCE).expr(expr).legendFormat(legend);
}

function stat(title: string, description: string): StatBuilder {
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .span(4)
    .height(5)
    .graphMode(BigValueGraphMode.Area);
}

function series(title: string, unit = 'short'): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(title)
    .datasource(SOURCE)
    .span(8)
    .height(8)
    .unit(unit)
    .min(0)
    .fillOpacity(8)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
}

function stacked(title: string): TimeseriesBuilder {
  return series(title)
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(30)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
}

function heatmap(title: string, description: string): HeatmapBuilder {
  return new HeatmapBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .span(8)
    .height(8)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Blues').steps(64))
    .yAxis(new YAxisConfigBuilder().unit('s'));
}

function table(title: string): TableBuilder {
  return new TableBuilder().title(title).datasource(SOURCE).span(8).height(8);
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true);
}

function steps(...colors: readonly (readonly [color: string, from: number | null])[]): ThresholdsConfigBuilder {
  const list: Threshold[] = colors.map(([color, value]) => ({ color, value }));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(list);
}

function labelVariable(label: string): QueryVariableBuilder {
  const metric =
    label === 'job'
      ? '{__name__=~"kube_prefetch_(coordinator_leader|agent_runtime_up)"}'
      : 'kube_prefetch_coordinator_leader';
  return new QueryVariableBuilder(label)
    .label(label)
    .datasource(SOURCE)
    .query(`label_values(${metric}, ${label})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}
