import { EDIT, MISSING } from '../infrastructure/demo-images.ts';
import { cellOf, expectThat, type DemoSystem } from '../system/system.ts';
import { seconds } from '../view/describe.ts';
import type { Step } from './step.ts';

const STEADY_MS = 3_000;

/** A Deployment moves to another tag; then nothing changes any more, and nothing is asked. */
export const editedManifest: Step = {
  title: 'a manifest is edited and the new image becomes warm; then the registry is left alone',
  async show(system) {
    const [from, to] = [EDIT.from, EDIT.to].map(short => `${system.infrastructure.registry.address}/${short}`) as [
      string,
      string,
    ];
    const nodes = (await system.fleet()).filter(view => cellOf(view, from)).map(({ name }) => name);
    const startedMs = performance.now();
    expectThat(system.manifests.edit(from, to) > 0, `a manifest names ${from}`);
    await system.until(() => isWarm(system, nodes, to), `${to} to be warm on ${nodes.join(', ')}`);
    const tookMs = performance.now() - startedMs;
    const requests = await requestsInSteadyState(system);
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

async function isWarm(
  { infrastructure, fleet }: DemoSystem,
  nodes: readonly string[],
  image: string,
): Promise<boolean> {
  const views = (await fleet()).filter(({ name }) => nodes.includes(name));
  if (!views.every(view => cellOf(view, image)?.state === 'Present')) return false;
  const held = await Promise.all(
    infrastructure.nodes.filter(({ name }) => nodes.includes(name)).map(node => node.has(image)),
  );
  return held.every(Boolean);
}

/** The image that does not exist is left out: it is asked for again, ever more slowly. */
async function requestsInSteadyState({ infrastructure, pause }: DemoSystem): Promise<number> {
  const before = infrastructure.registry.log().length;
  await pause(STEADY_MS);
  const since = infrastructure.registry.log().slice(before);
  return since.filter(({ image }) => image?.endsWith(`/${MISSING}`) !== true).length;
}
