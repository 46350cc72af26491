import { CELL_STATES, type CellState } from '@kube-prefetch/protocol/cell';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import type { BoardModel } from '../../model/board-model.ts';
import { PALETTE } from '../../model/palette.ts';
import { scheme } from '../live/theme.ts';
import { clockText } from '../live/times.ts';

const short = new Intl.NumberFormat('en', { notation: 'compact' });
const SHOWN = 60;
const HEIGHT = 170;
const HOUR_S = 3_600;
const SHORTEST_S = 300;
/** What is not there, the worst at the bottom. */
const STACK: readonly CellState[] = ['Failed', 'Stale', 'Unknown', 'Missing', 'Waiting', 'Pulling'];

export function LastHour({ model }: { readonly model: BoardModel }) {
  const happenings = model.happenings.toReversed();
  return (
    <section class="hour" aria-label="The last hour">
      <h2>
        The last hour <small>images on nodes that are not there, by state</small>
      </h2>
      <Chart samples={model.samples} />
      {happenings.length === 0 ? (
        <p class="more">Nothing happened.</p>
      ) : (
        <ol class="happenings">
          {happenings.slice(0, SHOWN).map(({ id, at, kind, text }) => (
            <li key={id} class={kind}>
              <time dateTime={at}>{clockText(at)}</time> <bdi>{text}</bdi>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Chart({ samples }: Pick<BoardModel, 'samples'>) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(undefined);
  const { value: colours } = scheme;

  useEffect(() => {
    const host = place.current;
    if (host === null) return undefined;
    const made = new UPlot(optionsOf(host.clientWidth, colours), dataOf([]), host);
    chart.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    sizes.observe(host);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [colours]);
  useEffect(() => chart.current?.setData(dataOf(samples)), [samples, colours]);

  return <div ref={place} class="chart" />;
}

/** uPlot draws series over each other, so each is the sum of those below it, and the highest comes first. */
function dataOf(samples: BoardModel['samples']): UPlot.AlignedData {
  const sums = STACK.map((_, highest) =>
    samples.map(({ counts }) =>
      STACK.slice(0, highest + 1).reduce((sum, state) => sum + (counts[CELL_STATES.indexOf(state)] ?? 0), 0),
    ),
  );
  return [samples.map(({ atMs }) => atMs / 1_000), ...sums.toReversed()];
}

/** What there is of the hour. */
function spanOf(least: number, most: number): [number, number] {
  return [Math.max(most - HOUR_S, Math.min(least, most - SHORTEST_S)), most];
}

function optionsOf(width: number, colours: keyof typeof PALETTE): UPlot.Options {
  const [ink, line] = colours === 'dark' ? ['#93a1af', '#263039'] : ['#5a6876', '#e4e9ee'];
  const axis = {
    stroke: ink,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1 },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_chart, least, most) => spanOf(least ?? Date.now() / 1_000, most ?? Date.now() / 1_000) },
      y: { range: (_chart, _least, most) => [0, Math.max(4, most ?? 0) * 1.08] },
    },
    axes: [
      {
        ...axis,
        incrs: [60, 300, 600, 900],
        values: (_chart, at) => at.map(second => clockText(new Date(second * 1_000)).slice(0, 5)),
      },
      {
        ...axis,
        size: 44,
        values: (_chart, at) => at.map(count => (Number.isInteger(count) ? short.format(count) : '')),
      },
    ],
    series: [
      {},
      ...STACK.toReversed().map(state => ({
        label: state,
        stroke: PALETTE[colours][state],
        fill: PALETTE[colours][state],
        width: 1,
        points: { show: false },
      })),
    ],
  };
}
