import type { Agent } from './agent.ts';
import { checkRuntime } from './runtime/check-runtime.ts';
import { choosePulls } from './decide/choose-pulls.ts';
import { imagesOf, judgeCells } from './decide/judge-cells.ts';
import { lookAround } from './runtime/look-at-node.ts';

/**
 * One look at the node; whatever is slow runs beside it and wakes it. Returns when to look again at the latest. Throws
 * when the runtime does not answer or is the wrong one.
 */
export async function cycle(a: Agent, signal: AbortSignal): Promise<number> {
  const plan = a.memory.plan();
  const running = a.pulls.running(); // Before the look: a pull that ends meanwhile must not start twice.
  const { runtime, seen, space } = await lookAround(a.runtime, imagesOf(plan), signal);
  checkRuntime(plan, runtime);
  const now = a.clock.monotonicMs();
  const histories = a.memory.noteLook(seen, running, now);
  const cells = judgeCells({ plan, seen, running, histories });
  const next = choosePulls({ plan, cells, running, histories, ...a.limits(space, now) }, now);
  for (const image of next.cancel) a.pulls.cancel(image);
  for (const order of next.start) a.pulls.start(order);
  a.permits.want(next.ask);
  a.reports.offer({ plan, runtime, cells: next.cells });
  return next.dueMs;
}
