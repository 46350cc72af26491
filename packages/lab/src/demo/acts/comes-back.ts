import { EDIT } from '../stage/demo-images.ts';
import { cellOf, type Stage } from '../stage/stage.ts';
import { megabytes, seconds } from '../view/quantity.ts';
import type { Act } from './act.ts';

/** Somebody deletes an image in the runtime; nobody tells the agent. */
export const comesBack: Act = {
  title: "an image that is deleted behind the agent's back comes back",
  async play(stage) {
    const { ground, until } = stage;
    const node = ground.nodes.at(-1) as Stage['ground']['nodes'][number];
    const image = `${ground.registry.address}/${EDIT.from}`;
    const before = ground.registry.log().length;
    const startedMs = performance.now();
    await node.remove(image);
    const since = () =>
      ground.registry
        .log()
        .slice(before)
        .filter(fetch => fetch.image === image);
    await until(async () => since().length > 0 && (await node.has(image)), `${image} to be back on ${node.name}`);
    const tookMs = performance.now() - startedMs;
    await until(async () => {
      const view = (await stage.fleet()).find(({ name }) => name === node.name);
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
