import { buildImage, type Image, rootOf } from '../../images/index.ts';

/** An image of the demo. `image` is absent for the one that no registry has. */
export interface DemoImage {
  /** As the manifests write it. */
  readonly name: string;
  readonly repository: string;
  readonly tag: string;
  readonly image: Image | undefined;
  /** What its container prints. */
  readonly greeting: string;
}

const MADE = [
  { short: 'shop/web:1.0', sizeMiB: 12, layers: 2 },
  { short: 'shop/api:2.1', sizeMiB: 24, layers: 3 },
  { short: 'base/tools', sizeMiB: 40, layers: 1 },
  { short: 'shop/web:1.1', sizeMiB: 12, layers: 2 },
];
export const MISSING = 'shop/missing:9';
/** What step 4 turns the first into. */
export const EDIT = { from: 'shop/web:1.0', to: 'shop/web:1.1' };

/** Layers of random bytes around one static program: no shell, no tools, nothing to compress. */
export function demoImages(address: string, program: Buffer): readonly DemoImage[] {
  const made = MADE.map(({ short, sizeMiB, layers }) => {
    const greeting = `hello from ${short}`;
    const files = [{ path: 'bin/hello', contents: program, executable: true }];
    const image = buildImage({ files, entrypoint: ['/bin/hello', greeting], sizeMiB, layers });
    return { ...nameOf(address, short), image, greeting };
  });
  return [...made, { ...nameOf(address, MISSING), image: undefined, greeting: '' }];
}

function nameOf(address: string, short: string) {
  const [repository = '', tag = 'latest'] = short.split(':');
  return { name: `${address}/${short}`, repository, tag };
}

/** Every path that a pull of the image may ask the registry for. */
export function pathsOf({ repository, tag, image }: DemoImage): ReadonlySet<string> {
  const base = `/v2/${repository}`;
  if (image === undefined) return new Set([`${base}/manifests/${tag}`]);
  const digest = rootOf(image).digest;
  return new Set([
    `${base}/manifests/${tag}`,
    `${base}/manifests/${digest}`,
    ...image.blobs.map(blob => `${base}/blobs/${blob.digest}`),
  ]);
}
