import type { NodeView } from '@kube-prefetch/protocol';
import type { Fetch } from '../infrastructure/infrastructure.ts';
import { MISSING } from '../infrastructure/demo-images.ts';
import { cellOf, expectThat } from '../system/system.ts';
import type { Step } from './step.ts';

/** An image that no registry has and that every plan names first: named with its reason, and never in the way. */
export const oneFails: Step = {
  title: 'one image, the most urgent, fails with the reason and delayed no other',
  async show({ infrastructure, images, fleet, until }) {
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
    for (const node of infrastructure.nodes) {
      expectThat(!(await node.has(name)), `${node.name}'s runtime does not have ${name}`);
    }
    expectOthersWarm(views, name);
    expectTriedFirst(infrastructure.registry.log(), views, name);
    return {
      held: [
        `${MISSING} is ${failures[0]?.kind} on every node: ${failures[0]?.message.replaceAll('\n', ' ')}`,
        'it comes first in every plan; the registry refused it and went on to serve every other image: all of them are warm',
      ],
      measured: [],
    };
  },
};

function expectOthersWarm(views: readonly NodeView[], name: string): void {
  const others = views.flatMap(view => view.images).filter(({ image }) => image !== name);
  expectThat(
    others.every(({ cell }) => cell?.state === 'Present'),
    'every other image is warm all the same',
  );
}

/** Only what is tried before the others could be in their way. */
function expectTriedFirst(log: readonly Fetch[], views: readonly NodeView[], name: string): void {
  for (const view of views)
    expectThat(view.images[0]?.image === name, `${name} comes first in the plan of ${view.name}`);
  const asked = log.map(({ image }) => image);
  const refusal = asked.indexOf(name);
  expectThat(refusal !== -1, `the registry was asked for ${name}`);
  for (const other of new Set(asked.filter(image => image !== undefined && image !== name))) {
    expectThat(
      asked.lastIndexOf(other) > refusal,
      `the registry went on to serve ${other} after it had refused ${name}`,
    );
  }
}
