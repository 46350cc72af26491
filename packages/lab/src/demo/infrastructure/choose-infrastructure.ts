import { onContainerd } from './on-containerd.ts';
import { onDocker } from './on-docker.ts';
import type { Infrastructure, InfrastructureOptions } from './infrastructure.ts';
import { inMemory } from './in-memory.ts';

type StartInfrastructure = (options: InfrastructureOptions) => Promise<Infrastructure>;

/** In the order they are tried. */
export const INFRASTRUCTURES = { containerd: onContainerd, docker: onDocker, memory: inMemory };
export type InfrastructureKind = keyof typeof INFRASTRUCTURES;

/** The first that this machine can carry; says why those before it could not. */
export async function chooseInfrastructure(
  kinds: readonly InfrastructureKind[],
  options: InfrastructureOptions,
  infrastructures: Readonly<Record<InfrastructureKind, StartInfrastructure>> = INFRASTRUCTURES,
): Promise<Infrastructure> {
  const passedOver: string[] = [];
  for (const kind of kinds) {
    try {
      return await infrastructures[kind](options);
    } catch (error) {
      options.signal.throwIfAborted();
      const because = `Not on ${kind}: ${(error as Error).message}`;
      passedOver.push(because);
      options.say(because);
    }
  }
  throw new Error(`nothing to play on:\n${passedOver.join('\n')}`);
}
