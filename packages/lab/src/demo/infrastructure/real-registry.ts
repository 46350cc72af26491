import { join } from 'node:path';
import { helloProgram } from '../../images/index.ts';
import { pushImage, startRegistry } from '../../debian-registry/index.ts';
import { pathsOf } from './demo-images.ts';
import type { DemoRegistry, InfrastructureOptions } from './infrastructure.ts';

/** Starts Debian's registry, and publishes what `make` answers for its address; `stack` stops it. */
export async function publishToRealRegistry(
  { dir, make, say, signal }: InfrastructureOptions,
  stack: AsyncDisposableStack,
): Promise<DemoRegistry> {
  const registry = await startRegistry({ dir: join(dir, 'registry'), say });
  stack.defer(() => registry.stop());
  const images = make(registry.address, await helloProgram({ say }));
  for (const { repository, tag, image } of images) {
    signal.throwIfAborted();
    if (image !== undefined) await pushImage(registry.address, repository, tag, image);
  }
  const pushes = registry.requests();
  const paths = images.map(image => ({ name: image.name, paths: pathsOf(image) }));
  const imageOf = (path: string) => paths.find(({ paths }) => paths.has(path))?.name;

  return {
    address: registry.address,
    log: () =>
      registry
        .requestLog()
        .slice(pushes)
        .map(({ method, path, bytes }) => ({ image: imageOf(path), bytes: method === 'HEAD' ? 0 : bytes })),
    stop: () => registry.stop(),
    start: () => registry.start(),
    answers: () =>
      fetch(`http://${registry.address}/v2/`).then(
        () => true,
        () => false,
      ),
  };
}
