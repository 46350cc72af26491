import type { DemoNode } from '../infrastructure/infrastructure.ts';
import { cellOf, expectThat, type DemoSystem } from '../system/system.ts';
import { seconds } from '../view/describe.ts';
import type { Step } from './step.ts';

interface Start {
  /** Undefined where the runtime has no containers. */
  readonly printed: string | undefined;
  readonly tookMs: number;
}

/** What it is all for: pods start without a registry. */
export const offline: Step = {
  title: 'the registry is stopped, and a container of every warm image starts on every node',
  async show(system) {
    const { infrastructure, until } = system;
    await infrastructure.registry.stop();
    await until(async () => !(await infrastructure.registry.answers()), 'the registry to be gone');
    const requests = infrastructure.registry.log().length;
    const starts = (await Promise.all(infrastructure.nodes.map(node => startAll(system, node)))).flat();
    expectThat(starts.length > 0, 'some image is warm');
    expectThat(infrastructure.registry.log().length === requests, 'no registry was asked');
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
async function startAll(system: DemoSystem, node: DemoNode): Promise<readonly Start[]> {
  const view = (await system.fleet()).find(({ name }) => name === node.name);
  const warm = system.images.filter(({ name }) => view && cellOf(view, name)?.state === 'Present');
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
