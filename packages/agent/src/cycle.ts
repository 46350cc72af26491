import type { ImageRef } from '@kube-prefetch/protocol';
import type { ImageRuntime } from '@kube-prefetch/runtime';
import type { Agent } from './create-agent.ts';
import { choosePulls } from './decide/choose-pulls.ts';
import { imagesOf, judgeCells } from './decide/judge-cells.ts';
import { checkRuntime } from './runtime/check-runtime.ts';

/**
 * One look at the node and what follows from it. Whatever is slow runs in loops of its own, which wake the line. Returns when
 * to look again at the latest. Throws when the runtime does not answer or is not the kubelet's.
 */
export async function cycle(agent: Agent, signal: AbortSignal): Promise<number> {
  const plan = agent.memory.plan();
  const running = agent.pulls.running(); // Before the look: a pull that ends meanwhile must not start twice.
  const { runtime, seen, space } = await lookAtNode(agent.runtime, imagesOf(plan), signal);
  checkRuntime(plan, runtime);
  const now = agent.clock.monotonicMs();
  const histories = agent.memory.noteLook(seen, running, now);
  const cells = judgeCells({ plan, seen, running, histories });
  const next = choosePulls({ plan, cells, running, histories, ...agent.limits(space, now) }, now);
  for (const { image, why } of next.cancel) agent.pulls.cancel(image, why);
  for (const { image, sizeBytes } of next.fit) agent.pulls.count(image, sizeBytes);
  for (const order of next.start) agent.pulls.start(order);
  agent.permits.want(next.wanted);
  agent.reports.offer({ plan, runtime, space, cells: next.cells });
  return next.dueMs;
}

/** Asks several things at once: while the runtime unpacks, each answer is slow, and free slots wait for the last of them. */
async function lookAtNode(runtime: ImageRuntime, images: readonly ImageRef[], signal: AbortSignal) {
  const [seen, space] = await Promise.all([runtime.look(images, signal), runtime.space(signal)]);
  // The version comes last: the look may have had to connect again, to another runtime.
  return { seen, space, runtime: await runtime.version(signal) };
}
