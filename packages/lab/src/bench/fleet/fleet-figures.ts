import type { Figure } from '../print-figures.ts';
import { type Change, type FleetFigures, percentile, seconds } from './measure-fleet.ts';

/** The project's targets are for this fleet, on two processors. */
const TARGET_SIZE = { nodes: 5_000, images: 200 };

export function figuresOf(figures: FleetFigures): readonly Figure[] {
  const { nodes, images, steady, everywhere, few, restart } = figures;
  const isTargetSize = nodes === TARGET_SIZE.nodes && images === TARGET_SIZE.images;
  const against = (value: number, most: number, unit: string) =>
    isTargetSize ? { target: `at most ${most} ${unit}`, held: value <= most } : {};
  const change = (what: string, { latenciesMs }: Change, most: number): readonly Figure[] => [
    { name: `${what}, p50`, value: `${percentile(latenciesMs, 50).toFixed(0)} ms` },
    {
      name: `${what}, p99`,
      value: `${percentile(latenciesMs, 99).toFixed(0)} ms`,
      ...against(percentile(latenciesMs, 99), most, 'ms'),
    },
  ];
  return [
    { name: 'nodes × images, workloads', value: `${nodes} × ${images}, ${figures.workloads}` },
    ...change('changed workload to every agent, all nodes', everywhere, 1_500),
    ...change('changed workload to every agent, few nodes', few, 300),
    {
      name: 'restart to complete status',
      value: `${seconds(restart.completeMs)} s`,
      ...against(restart.completeMs / 1_000, 20, 's'),
    },
    { name: 'CPU until then', value: `${restart.cpuSeconds.toFixed(1)} s` },
    {
      name: 'steady CPU',
      value: `${steady.cpuPercent.toFixed(1)} % of a core`,
      ...against(steady.cpuPercent, 25, '% of a core'),
    },
    {
      name: 'steady requests, TLS handshakes',
      value: `${steady.requestsPerSecond.toFixed(0)}/s, ${steady.handshakesPerSecond.toFixed(0)}/s`,
    },
    {
      name: 'steady memory',
      value: `${steady.rssMiB.toFixed(0)} MiB`,
      ...against(steady.rssMiB * 1.048576, 500, 'MB'),
    },
    { name: 'memory after the changes', value: `${figures.afterChangesMiB.toFixed(0)} MiB` },
    { name: 'peak memory', value: `${figures.peakMiB.toFixed(0)} MiB` },
    {
      name: 'replanning after one changed workload',
      value: `${figures.replanMs.toFixed(0)} ms`,
      ...against(figures.replanMs, 50, 'ms'),
    },
    {
      name: 'event loop late, p99: steady, changes, restart',
      value: [steady, everywhere, restart].map(({ loopP99Ms }) => `${loopP99Ms.toFixed(0)} ms`).join(', '),
    },
    {
      name: 'event loop late, most: steady, restart',
      value: `${steady.loopMaxMs.toFixed(0)} ms, ${restart.loopMaxMs.toFixed(0)} ms`,
    },
    { name: 'status writes: steady, from start to restart', value: `${steady.statusWrites}, ${figures.statusWrites}` },
    { name: 'load of the machine: steady, at the end', value: figures.load.map(load => load.toFixed(1)).join(', ') },
    { name: 'API requests in steady state', value: JSON.stringify(steady.apiRequests) },
  ];
}

/** From 500 nodes to the size of the targets. */
const MOST_GROWTH = 1.1;
const GROWTH_FROM = 500;

/** Of what should grow no faster than the number of nodes. */
export function growth(measured: readonly FleetFigures[]): readonly Figure[] {
  const rows: readonly [string, (figures: FleetFigures) => number][] = [
    ['changed workload to every agent, p99', ({ everywhere }) => percentile(everywhere.latenciesMs, 99)],
    ['CPU from restart to complete status', ({ restart }) => restart.cpuSeconds],
    ['steady CPU', ({ steady }) => steady.cpuPercent],
    ['steady memory', ({ steady }) => steady.rssMiB],
    ['replanning after one changed workload', ({ replanMs }) => replanMs],
  ];
  return rows.map(([name, valueOf]) => {
    const exponent = fitExponent(measured.map(figures => [figures.nodes, valueOf(figures)]));
    const isTarget = measured[0]?.nodes === GROWTH_FROM && measured.at(-1)?.nodes === TARGET_SIZE.nodes;
    const against = isTarget ? { target: `at most ${MOST_GROWTH}`, held: exponent <= MOST_GROWTH } : {};
    return { name, value: exponent.toFixed(2), ...against };
  });
}

/** Of y = a · x^exponent, by least squares of the logarithms. */
function fitExponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (of: (point: readonly [number, number]) => number) =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const covariance = mean(([x, y]) => (x - meanX) * (y - meanY));
  return covariance / mean(([x]) => (x - meanX) ** 2);
}
