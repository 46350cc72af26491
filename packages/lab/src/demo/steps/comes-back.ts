import { EDIT } from '../infrastructure/demo-images.ts';
import { cellOf, type DemoSystem } from '../system/system.ts';
import { megabytes, seconds } from '../view/describe.ts';
import type { Step } from './step.ts';

/** Somebody deletes an image in the runtime; nobody tells the agent. */
export const comesBack: Step = {
  title: "an image that is deleted behind the agent's back comes back",
  async show(system) {
    const { infrastructure, until } = system;
    const node = infrastructure.nodes.at(-1) as DemoSystem['infrastructure']['nodes'][number];
    const image = `${infrastructure.registry.address}/${EDIT.from}`;
    const before = infrastructure.registry.log().length;
    const startedMs = performance.now();
    await node.remove(image);
    const since = () =>
      infrastructure.registry
        .log()
        .slice(before)
        .filter(fetch => fetch.image === image);
    await until(async () => since().length > 0 && (await node.has(image)), `${image} to be back on ${node.name}`);
    const tookMs = performance.now() - startedMs;
    await until(async () => {
      const view = (await system.fleet()).find(({ name }) => name === node.name);
      return view && cellOf(view, image)?.state === 'Present';
    }, `${node.name} to report it`);
    const bytes = since().reduce((sum, fetch) => sum + fetch.bytes, 0);
    return {
      held: [
        `${EDIT.from}, deleted in the runtime of ${node.name}, is there again: ${since().length} registry requests, ${megabytes(bytes)}`,
      ],
      measured: [['image deleted to back in the runtime', seconds(tookMs)]],
    };
  },
};
