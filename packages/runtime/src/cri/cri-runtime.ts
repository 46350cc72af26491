import { type CallOptions, callRuntime } from '../call-runtime.ts';
import { fileSystemSpace } from '../file-system-space.ts';
import type { ImageRuntime, Space } from '../image-runtime.ts';
import { connectCri, oncePerConnection } from './connect-cri.ts';
import { lookByList, lookByStatus } from './look-at-images.ts';
import { pullImage } from './pull-image.ts';
import { createBlobReader } from './read-content.ts';
import { watchDownload } from './watch-download.ts';
import { watchImages } from './watch-images.ts';
import { rememberCredentials } from '../used-credentials.ts';

export interface CriRuntimeOptions extends CallOptions {
  /** Where the host's root is seen from here; the runtime names its folders as the host sees them. */
  readonly hostRoot?: string;
  /** Where the kubelet asks for images if not at `socket`, as its `imageServiceEndpoint` says. */
  readonly imageSocket?: string | undefined;
}

/** As it names itself. */
const CONTAINERD = 'containerd';

/**
 * containerd, CRI-O and cri-dockerd. What only containerd does (its list for a look, its progress and its changes) needs to know
 * who answers: it is there once version() has succeeded.
 */
export function createCriRuntime(options: CriRuntimeOptions): ImageRuntime {
  const { socket, imageSocket = socket, clock, hostRoot = '' } = options;
  const clients = connectCri(socket, imageSocket);
  const images = { ...options, socket: imageSocket };
  const readers = { content: clients.content, readBlobs: createBlobReader(clients.content) };
  const cancelled = new Set<string>();
  const used = rememberCredentials();
  let name = '';
  const whoAnswers = oncePerConnection(clients.connections, signal =>
    callRuntime(options, 'Version', signal, signal => clients.runtime.version({}, { signal })),
  );
  const imageFolder = oncePerConnection(clients.connections, async signal => {
    const answer = await callRuntime(images, 'ImageFsInfo', signal, signal =>
      clients.images.imageFsInfo({}, { signal }),
    );
    return answer.imageFilesystems[0]?.fsId?.mountpoint || undefined;
  });

  return {
    async version(signal) {
      const { runtimeName, runtimeVersion } = await whoAnswers(signal);
      name = runtimeName;
      return { name, version: runtimeVersion };
    },
    look(asked, signal) {
      // A service of its own may answer for images that it does not list.
      const lookAt = name === CONTAINERD && imageSocket === socket ? lookByList : lookByStatus;
      return callRuntime(images, 'the images', signal, signal => lookAt(clients.images, asked, signal));
    },
    pull(image, auth, progress, signal) {
      const download = name === CONTAINERD ? watchDownload(readers, image, clock) : undefined;
      return pullImage({ images: clients.images, download, cancelled, used }, image, auth, progress, signal);
    },
    async space(signal): Promise<Space | 'unknown'> {
      const folder = await imageFolder(signal);
      return folder === undefined ? 'unknown' : fileSystemSpace(hostRoot + folder);
    },
    changes(signal) {
      return name === CONTAINERD ? watchImages(clients, socket, signal) : 'unsupported';
    },
  };
}
