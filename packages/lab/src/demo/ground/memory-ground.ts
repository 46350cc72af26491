import type { Ground, GroundOptions } from './ground.ts';

export async function memoryGround(_options: GroundOptions): Promise<Ground> {
  throw new Error('not there yet');
}
