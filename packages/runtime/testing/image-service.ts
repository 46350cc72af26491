import { rmSync } from 'node:fs';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { create } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { connectCri } from '../src/cri/connect-cri.ts';
import { ImageService, ImageStatusResponseSchema } from '../src/cri/generated/cri_pb.ts';

export interface ImageServer {
  /** The methods called so far, in order. */
  readonly calls: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves runtime.v1.ImageService alone, as what a kubelet's `--image-service-endpoint` names does: handed on to the runtime,
 * and with images of which the runtime does not know.
 */
export async function startImageServer(
  socket: string,
  runtimeSocket: string,
  alsoHeld: readonly string[],
): Promise<ImageServer> {
  const { images } = connectCri(runtimeSocket);
  const calls: string[] = [];
  const note = <Answer>(method: string, answer: Promise<Answer>) => {
    calls.push(method);
    return answer;
  };
  const handler = connectNodeAdapter({
    routes: ({ service }) =>
      service(ImageService, {
        imageStatus: async request => {
          const name = request.image?.image ?? '';
          if (!alsoHeld.includes(name)) return note('ImageStatus', images.imageStatus(request));
          return note('ImageStatus', Promise.resolve(create(ImageStatusResponseSchema, { image: { id: name } })));
        },
        listImages: request => note('ListImages', images.listImages(request)),
        pullImage: (request, { signal }) => note('PullImage', images.pullImage(request, { signal })),
        imageFsInfo: request => note('ImageFsInfo', images.imageFsInfo(request)),
      }),
  });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(handler).on('session', session => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  rmSync(socket, { force: true });
  await new Promise<void>(resolve => server.listen(socket, resolve));
  return {
    calls,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

/** As the kubelet's garbage collection and crictl do it; the product itself deletes nothing. */
export async function removeOverCri(socket: string, image: string): Promise<void> {
  await connectCri(socket).images.removeImage({ image: { image } });
}
