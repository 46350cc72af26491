import { type CallOptions, callRuntime } from '../call-runtime.ts';
import { fileSystemSpace } from '../file-system-space.ts';
import { type ImageRuntime, RuntimeUnavailable, type Space } from '../image-runtime.ts';
import { connectEngine } from './connect-engine.ts';
import { lookAtImages } from './look-at-images.ts';
import { pullImage } from './pull-image.ts';
import { imageEvents } from './watch-images.ts';
import { rememberCredentials } from '../used-credentials.ts';

export interface DockerRuntimeOptions extends CallOptions {
  /** Where the host's root is seen from here; the engine names its folders as the host sees them. */
  readonly hostRoot?: string;
}

interface EngineVersion {
  readonly Version?: string;
  readonly Components?: readonly { readonly Name?: string }[] | null;
}

interface EngineInfo {
  readonly DockerRootDir?: string;
  readonly DriverStatus?: readonly (readonly string[])[] | null;
}

/** Docker Engine, and podman where it serves the same API. */
export function createDockerRuntime(options: DockerRuntimeOptions): ImageRuntime {
  const { socket, hostRoot = '' } = options;
  const engine = connectEngine(socket);
  const used = rememberCredentials();

  return {
    async version(signal) {
      const answer = await callRuntime(options, 'GET /version', signal, signal => engine.get('/version', {}, signal));
      const { Version, Components } = answer as EngineVersion;
      if (typeof Version !== 'string') throw new RuntimeUnavailable(`${socket}: answers, but not as a Docker Engine`);
      const isPodman = Components?.some(({ Name }) => Name === 'Podman Engine') === true;
      return { name: isPodman ? 'podman' : 'docker', version: Version };
    },
    look(images, signal) {
      return callRuntime(options, 'GET /images', signal, signal => lookAtImages(engine, images, signal));
    },
    pull(image, auth, progress, signal) {
      return pullImage({ engine, used }, image, auth, progress, signal);
    },
    async space(signal): Promise<Space | 'unknown'> {
      const info = (await callRuntime(options, 'GET /info', signal, signal =>
        engine.get('/info', {}, signal),
      )) as EngineInfo;
      const folder = imageFolder(info);
      return folder === undefined ? 'unknown' : fileSystemSpace(hostRoot + folder);
    },
    changes(signal) {
      return imageEvents(engine, socket, signal);
    },
  };
}

/** Engines that keep images in containerd do not say where that keeps them. */
function imageFolder({ DockerRootDir, DriverStatus }: EngineInfo): string | undefined {
  const inContainerd = DriverStatus?.some(([, value]) => value?.startsWith('io.containerd.snapshotter'));
  return inContainerd || DockerRootDir === '' ? undefined : DockerRootDir;
}
