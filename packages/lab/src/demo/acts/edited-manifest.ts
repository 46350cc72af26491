import { EDIT, MISSING } from '../stage/demo-images.ts';
import { cellOf, expectThat, type Stage } from '../stage/stage.ts';
import { seconds } from '../view/quantity.ts';
import type { Act } from './act.ts';

const STEADY_MS = 3_000;

/** A Deployment moves to another tag; then nothing changes any more, and nothing is asked. */
export const editedManifest: Act = {
  title: 'a manifest is edited and the new image becomes warm; then the registry is left alone',
  async play(stage) {
    const [from, to] = [EDIT.from, EDIT.to].map(short => `${stage.ground.registry.address}/${short}`) as [
      string,
      string,
    ];
    const nodes = (await stage.fleet()).filter(view => cellOf(view, from)).map(({ name }) => name);
    const startedMs = performance.now();
    expectThat(stage.manifests.edit(from, to) > 0, `a manifest names ${from}`);
    await stage.until(() => isWarm(stage, nodes, to), `${to} to be warm on ${nodes.join(', ')}`);
    const tookMs = performance.now() - startedMs;
    const requests = await requestsInSteadyState(stage);
    expectThat(requests === 0, `no warm image costs a registry request, not ${requests}`);
    return {
      held: [
        `${EDIT.to} is warm on every node that had ${EDIT.from}`,
        `then, for ${seconds(STEADY_MS)}, no request for any warm image reached the registry`,
      ],
      measured: [
        ['manifest edited to new image warm everywhere', seconds(tookMs)],
        [`registry requests for warm images in ${seconds(STEADY_MS)} of steady state`, `${requests}`],
      ],
    };
  },
};

async function isWarm({ ground, fleet }: Stage, nodes: readonly string[], image: string): Promise<boolean> {
  const views = (await fleet()).filter(({ name }) => nodes.includes(name));
  if (!views.every(view => cellOf(view, image)?.state === 'Present')) return false;
  const held = await Promise.all(ground.nodes.filter(({ name }) => nodes.includes(name)).map(node => node.has(image)));
  return held.every(Boolean);
}

/** The image that does not exist is left out: it is asked for again, ever more slowly. */
async function requestsInSteadyState({ ground, pause }: Stage): Promise<number> {
  const before = ground.registry.log().length;
  await pause(STEADY_MS);
  const since = ground.registry.log().slice(before);
  return since.filter(({ image }) => image?.endsWith(`/${MISSING}`) !== true).length;
}
