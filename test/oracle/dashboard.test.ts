import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';

interface Read {
  /** What Grafana's schemas refuse. */
  readonly problems: readonly string[];
  /** What is left of the dashboard where all else is skipped. */
  readonly read: object;
}
/** As JSON. */
type Part = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- spoiled at will

const SHIPPED = readFileSync('charts/kube-prefetch/files/grafana-dashboard.json', 'utf8');

/** Each breaks one part of the dashboard that we ship, whose second panel is the stat "Warm". */
const BROKEN: readonly (readonly [name: string, spoil: (board: Part, panel: Part) => unknown, problem: string])[] = [
  ['a field that dashboards do not have', board => (board.colour = 'red'), 'unexpected field'],
  ['a field that panels do not have', (_, panel) => (panel.heading = 'Warm'), 'unexpected field'],
  ['an option of another panel', (_, panel) => (panel.options.yAxis = {}), 'unexpected field'],
  ['a panel that Grafana does not have', (_, panel) => (panel.type = 'thermometer'), 'unknown panel type'],
  ['a panel without a type', (_, panel) => delete panel.type, "'type' not found"],
  [
    'a query for another source',
    (_, panel) => (panel.targets[0].datasource.type = panel.datasource.type = 'x'),
    'query',
  ],
  ['a field that queries do not have', (_, panel) => (panel.targets[0].query = 'up'), 'unexpected field'],
  ['a text where a number belongs', (_, panel) => (panel.gridPos.w = 'wide'), 'gridPos'],
  ['a panel wider than the grid', (_, panel) => (panel.gridPos.w = 25), 'gridPos'],
  [
    'a threshold without a color',
    (_, panel) => delete panel.fieldConfig.defaults.thresholds.steps[0].color,
    'fieldConfig.defaults',
  ],
  [
    'a field that fields do not have',
    (_, panel) => (panel.fieldConfig.defaults.color = { mode: 'fixed', hue: 1 }),
    'fieldConfig.defaults',
  ],
  ['a variable of no kind', board => (board.templating.list[0].type = 7), 'templating'],
];

test('the dashboard is what the schemas of Grafana say, with no field that these do not know', async () => {
  const [answer] = await callOriginal<Read>('dashboard', [JSON.parse(SHIPPED)]);
  expect(answer?.problems).toEqual([]);
  expect(answer?.read).toMatchObject(JSON.parse(SHIPPED));
});

test('the schemas of Grafana refuse a dashboard with a mistake', async () => {
  const spoiled = BROKEN.map(([, spoil]) => {
    const board = JSON.parse(SHIPPED) as Part;
    spoil(board, board['panels'][1]);
    return board;
  });
  const answers = await callOriginal<Read>('dashboard', spoiled);
  const said = BROKEN.map(([name, , problem], index) => {
    const problems = answers[index]?.problems.join('\n') ?? '';
    return [name, problems.includes(problem) ? problem : problems];
  });
  expect(said).toEqual(BROKEN.map(([name, , problem]) => [name, problem]));
});
