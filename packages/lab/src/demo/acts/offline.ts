import type { DemoNode } from '../ground/ground.ts';
import { cellOf, expectThat, type Stage } from '../stage/stage.ts';
import { seconds } from '../view/quantity.ts';
import type { Act } from './act.ts';

interface Start {
  /** Undefined where the runtime has no containers. */
  readonly printed: string | undefined;
  readonly tookMs: number;
}

/** What it is all for: pods start without a registry. */
export const offline: Act = {
  title: 'the registry is stopped, and a container of every warm image starts on every node',
  async play(stage) {
    const { ground, until } = stage;
    await ground.registry.stop();
    await until(async () => !(await ground.registry.answers()), 'the registry to be gone');
    const requests = ground.registry.log().length;
    const starts = (await Promise.all(ground.nodes.map(node => startAll(stage, node)))).flat();
    expectThat(starts.length > 0, 'some image is warm');
    expectThat(ground.registry.log().length === requests, 'no registry was asked');
    const present = `${starts.length} images on nodes are still there`;
    if (starts.some(({ printed }) => printed === undefined)) {
      return { held: [present], measured: [], notShown: 'containers that start: this stand-in has none' };
    }
    const times = starts.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const [median, slowest] = [times[Math.floor(times.length / 2)] ?? 0, times.at(-1) ?? 0].map(seconds);
    return {
      held: [`${present}, and a container of each started and printed its line`],
      measured: [['container start to end without a registry, median and slowest', `${median}, ${slowest}`]],
    };
  },
};

/** One after the other on each node, as told by its runtime and not by a report. */
async function startAll(stage: Stage, node: DemoNode): Promise<readonly Start[]> {
  const view = (await stage.fleet()).find(({ name }) => name === node.name);
  const warm = stage.images.filter(({ name }) => view && cellOf(view, name)?.state === 'Present');
  const starts: Start[] = [];
  for (const { name, greeting } of warm) {
    const startedMs = performance.now();
    const printed = await node.run(name);
    starts.push({ printed, tookMs: performance.now() - startedMs });
    expectThat(await node.has(name), `${node.name}'s runtime has ${name}`);
    expectThat(
      printed === undefined || printed === greeting,
      `${name} on ${node.name} prints "${greeting}", not "${printed}"`,
    );
  }
  return starts;
}
