import { containerdGround } from './containerd-ground.ts';
import { dockerGround } from './docker-ground.ts';
import type { Ground, GroundOptions } from './ground.ts';
import { memoryGround } from './memory-ground.ts';

export const GROUNDS = { containerd: containerdGround, docker: dockerGround, memory: memoryGround };
export type GroundKind = keyof typeof GROUNDS;

/** The first that this machine can carry; says why those before it could not. */
export async function chooseGround(kinds: readonly GroundKind[], options: GroundOptions): Promise<Ground> {
  const passedOver: string[] = [];
  for (const kind of kinds) {
    try {
      return await GROUNDS[kind](options);
    } catch (error) {
      options.signal.throwIfAborted();
      passedOver.push(`${kind}: ${(error as Error).message}`);
      options.say(`Not with ${kind}: ${(error as Error).message}`);
    }
  }
  throw new Error(`nothing to run the demo on:\n${passedOver.join('\n')}`);
}
