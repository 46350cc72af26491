/** It mostly waits, for minutes on end, so it runs beside the others. */
const BESIDE = 'api-server';
/** They compare figures that a neighbour would spoil. */
const ALONE = ['e2e', 'waves'];

/** Projects that run in turn. */
export type Lane = readonly string[];

/** Which projects run at once: the stages in turn, the lanes of a stage side by side. No stage and no lane is empty. */
export function stagesOf(projects: readonly string[]): readonly (readonly Lane[])[] {
  const chosen = (choose: (project: string) => boolean): Lane => projects.filter(choose);
  const crowd = chosen(project => project !== 'unit' && project !== BESIDE && !ALONE.includes(project));
  const stages = [
    [chosen(project => project === 'unit')],
    [chosen(project => project === BESIDE), crowd],
    [chosen(project => ALONE.includes(project))],
  ];
  return stages.map(lanes => lanes.filter(lane => lane.length > 0)).filter(lanes => lanes.length > 0);
}
