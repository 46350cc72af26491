import type { NodeView } from '@kube-prefetch/protocol';
import { MISSING } from '../infrastructure/demo-images.ts';
import { cellOf, expectThat, type DemoSystem } from '../system/system.ts';
import { seconds } from '../view/describe.ts';
import type { Step } from './step.ts';

/** The manifests of the resources appear; what they ask for appears in every runtime. */
export const allWarm: Step = {
  title: 'every node becomes warm because a directory of manifests asks for it',
  async show(system) {
    const startedMs = performance.now();
    system.manifests.placeResources();
    const views = await system.until(() => warmFleet(system), 'every image that exists to be warm on every node');
    const tookMs = performance.now() - startedMs;
    const cells = await expectInRuntimes(system, views);
    return {
      held: [
        `${cells} images on nodes are warm; each was found in its node's runtime, asked past agent and coordinator`,
      ],
      measured: [['manifests saved to everything warm', seconds(tookMs)]],
    };
  },
};

/** The fleet, once every node that should hold something does. */
async function warmFleet({ fleet, infrastructure }: DemoSystem): Promise<readonly NodeView[] | undefined> {
  const views = await fleet();
  const warm = views.every(view => {
    const wanted = existing(view);
    return wanted.length > 0 && wanted.every(image => cellOf(view, image)?.state === 'Present');
  });
  return warm && views.length === infrastructure.nodes.length ? views : undefined;
}

function existing(view: NodeView): readonly string[] {
  return view.images.map(({ image }) => image).filter(image => !image.endsWith(`/${MISSING}`));
}

/** Every planned image that exists is in the node's runtime, and no other image of the demo. */
async function expectInRuntimes({ infrastructure, images }: DemoSystem, views: readonly NodeView[]): Promise<number> {
  let cells = 0;
  for (const node of infrastructure.nodes) {
    const view = views.find(({ name }) => name === node.name);
    const wanted = new Set(view ? existing(view) : []);
    for (const { name } of images) {
      expectThat(
        (await node.has(name)) === wanted.has(name),
        `${node.name}'s runtime ${wanted.has(name) ? 'has' : 'does not have'} ${name}`,
      );
    }
    cells += wanted.size;
  }
  return cells;
}
