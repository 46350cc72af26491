import { MISSING } from '../stage/demo-images.ts';
import { cellOf, expectThat } from '../stage/stage.ts';
import type { Act } from './act.ts';

/** An image that no registry has: named with its reason, and never in the way. */
export const oneFails: Act = {
  title: 'one image fails, with the reason, and delayed no other',
  async play({ ground, images, fleet, until }) {
    const { name } = images.find(image => image.name.endsWith(`/${MISSING}`)) as { name: string };
    const views = await until(async () => {
      const reported = await fleet();
      return reported.every(view => cellOf(view, name)?.failure !== undefined) && reported;
    }, `${name} to be reported as failed by every node`);
    const failures = views.map(view => cellOf(view, name)?.failure);
    expectThat(
      failures.every(failure => failure?.kind === 'NotFound'),
      `${name} fails with NotFound, not ${failures.map(failure => failure?.kind).join(', ')}`,
    );
    for (const node of ground.nodes) {
      expectThat(!(await node.has(name)), `${node.name}'s runtime does not have ${name}`);
    }
    const others = views.flatMap(view => view.images).filter(({ image }) => image !== name);
    expectThat(
      others.every(({ cell }) => cell?.state === 'Present'),
      'every other image is warm all the same',
    );
    const asked = ground.registry.log().map(({ image }) => image);
    const after = asked.slice(asked.indexOf(name)).filter(image => image !== name);
    return {
      held: [
        `${MISSING} is ${failures[0]?.kind} on every node: ${failures[0]?.message.replaceAll('\n', ' ')}`,
        `every other image is warm all the same; ${after.length} requests for them followed the registry's first refusal`,
      ],
      measured: [],
    };
  },
};
