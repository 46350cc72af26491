import { containerdGround } from './containerd-ground.ts';
import { dockerGround } from './docker-ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import { memoryGround } from './memory-ground.ts';

type StartGround = (options: GroundOptions) => Promise<Ground>;

/** In the order they are tried. */
export const GROUNDS = { containerd: containerdGround, docker: dockerGround, memory: memoryGround };
export type GroundKind = keyof typeof GROUNDS;

/** The first that this machine can carry; says why those before it could not. */
export async function chooseGround(
  kinds: readonly GroundKind[],
  options: GroundOptions,
  grounds: Readonly<Record<GroundKind, StartGround>> = GROUNDS,
): Promise<Ground> {
  const passedOver: string[] = [];
  for (const kind of kinds) {
    try {
      return await grounds[kind](options);
    } catch (error) {
      options.signal.throwIfAborted();
      const because = `Not on ${kind}: ${(error as Error).message}`;
      passedOver.push(because);
      options.say(because);
    }
  }
  throw new Error(`nothing to play on:\n${passedOver.join('\n')}`);
}
