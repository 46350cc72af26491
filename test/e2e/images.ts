import { type ClusterRegistry, podImage } from '@kube-prefetch/lab/cluster';
import { buildIndex, type Image, type ImageOptions } from '@kube-prefetch/lab/images';

/** Publishes images whose program waits until it is stopped; none has a shell. `n` makes contents of their own. */
export function createPublisher(registry: ClusterRegistry) {
  let made = 0;
  const build = (options: ImageOptions = {}): Promise<Image> => {
    made += 1;
    return podImage({ ...options, files: [{ path: 'etc/number', contents: Buffer.from(String(made)) }] });
  };
  return {
    /** `REGISTRY/name:tag`. */
    async image(name: string, tag: string, options?: ImageOptions): Promise<string> {
      return registry.push(name, tag, await build(options));
    },
    /** `REGISTRY/name@sha256:…`. */
    async digest(name: string): Promise<string> {
      return registry.push(name, undefined, await build());
    },
    /** A name with tag and digest, as people pin. */
    async tagAndDigest(name: string, tag: string): Promise<string> {
      const image = await build();
      const byTag = await registry.push(name, tag, image);
      const byDigest = await registry.push(name, undefined, image);
      return `${byTag}@${byDigest.split('@')[1]}`;
    },
    /** One that no node's platform has. */
    async otherPlatform(name: string, tag: string): Promise<string> {
      const image = await build({ platform: 'linux/s390x' });
      return registry.push(name, tag, buildIndex([{ platform: 'linux/s390x', image }]));
    },
  };
}
export type Publisher = ReturnType<typeof createPublisher>;
