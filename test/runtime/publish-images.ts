import { createHash } from 'node:crypto';
import type { ImageToPublish, MovedTo, Published, RuntimeHarness } from '@kube-prefetch/runtime/testing';
import { type Blob, buildImage, buildIndex, compressedBytes, type Image } from '../../packages/lab/src/images/index.ts';
import {
  type Behaviour,
  type Reaction,
  refusal,
  type SeenRequest,
  type ScriptedRegistry,
  startScriptedRegistry,
} from '../../packages/lab/src/scripted-registry/index.ts';

const MIB = 1024 * 1024;
const ANOTHER_PLATFORM = 'linux/s390x';

/** The half of a harness that is the registry: the same for every real runtime. */
export interface ImagePublisher
  extends Pick<RuntimeHarness, 'publish' | 'move' | 'requests' | 'downloads' | 'asked' | 'downloading' | 'hungUp'> {
  /** Of everything without a host. */
  readonly hub: string;
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

interface Made extends Published {
  readonly repository: string;
  readonly registry: ScriptedRegistry;
  readonly layer: string;
  /** Of this machine's platform. */
  readonly own: Image;
}

export async function startPublisher(): Promise<ImagePublisher> {
  const open = await startScriptedRegistry();
  const guarded = await startScriptedRegistry({ guarded: true });
  const published = new Map<Published, Made>();

  const made = (image: Published) => published.get(image) as Made;
  const requestsOf = ({ registry, repository }: Made) => registry.requests.of(repository);
  const isDownload =
    ({ repository, layer }: Made) =>
    (request: SeenRequest) =>
      request.method === 'GET' && request.path === `/v2/${repository}/blobs/${layer}`;

  return {
    hub: open.address,
    addresses: [open.address, guarded.address],
    async publish(wanted) {
      const registry = wanted.credentials || wanted.trouble === 'forbids' ? guarded : open;
      const image = publishOn(registry, `i${published.size}`, wanted);
      published.set(image, image);
      return image;
    },
    async move(image, to) {
      const { registry, repository, own } = made(image);
      return { ...image, digest: registry.publish(repository, 'v1', movedImage(own, to)) };
    },
    requests: image => requestsOf(made(image)).length,
    downloads: image => requestsOf(made(image)).filter(isDownload(made(image))).length,
    async asked(image) {
      const { registry, repository } = made(image);
      await registry.requests.next(({ path }) => path.startsWith(`/v2/${repository}/`));
    },
    async downloading(image) {
      await made(image).registry.requests.next(isDownload(made(image)));
    },
    async hungUp(image) {
      const request = await made(image).registry.requests.next(isDownload(made(image)));
      if ((await request.ended) !== 'closed')
        throw new Error('expected the connection to close before the end of the layer');
    },
    async close() {
      await Promise.all([open.close(), guarded.close()]);
    },
  };
}

function publishOn(registry: ScriptedRegistry, id: string, wanted: ImageToPublish): Made {
  const repository = wanted.short ? `library/${id}` : `suite/${id}`;
  const name = wanted.short ? id : `${registry.address}/${repository}`;
  const image = imageOf(wanted);
  const layer = image.blobs.toSorted((a, b) => b.contents.length - a.contents.length)[0]?.digest ?? '';
  registry.publish(repository, 'latest', image);
  let digest = registry.publish(repository, 'v1', image);
  if (wanted.form === 'web page')
    digest = registry.publishManifest(repository, 'v1', 'text/html', '<html><body>Please log in</body></html>');
  registry.behave(repository, behaviourOf(wanted, layer));
  const sizeBytes = compressedBytes(image);
  return { name, reference: `${name}:v1`, digest, sizeBytes, repository, registry, layer, own: ownOf(image) };
}

/** The manifest of this machine's platform comes right before an index. */
function ownOf({ blobs, manifests }: Image): Image {
  return { blobs, manifests: manifests.length === 1 ? manifests : manifests.slice(-2, -1) };
}

function movedImage(own: Image, to: MovedTo): Image {
  const foreign = buildImage({ sizeMiB: 0.01, platform: ANOTHER_PLATFORM });
  return buildIndex([
    { platform: ANOTHER_PLATFORM, image: foreign },
    { platform: PLATFORM, image: to === 'other contents' ? buildImage({ sizeMiB: 0.01 }) : own },
  ]);
}

function imageOf({ form, sizeBytes = 64 * 1024 }: ImageToPublish): Image {
  const build = (platform?: string) =>
    buildImage({ sizeMiB: sizeBytes / MIB, layers: 1, ...(platform && { platform }) });
  const foreign = () => ({ platform: ANOTHER_PLATFORM, image: build(ANOTHER_PLATFORM) });
  switch (form) {
    case 'another platform':
      return buildIndex([foreign()]);
    case 'several platforms':
      return buildIndex([foreign(), { platform: PLATFORM, image: build() }]);
    case 'artifact':
      return artifact();
    default:
      return build();
  }
}

const PLATFORM = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** As ORAS and Helm push them: an empty configuration, and something that is no tar archive. */
function artifact(): Image {
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const config = blob('application/vnd.oci.empty.v1+json', '{}');
  const contents = blob('text/plain', `not an image ${crypto.randomUUID()}`);
  const [configRow, contentsRow] = [config, contents].map(({ mediaType, digest, contents }) => ({
    mediaType,
    digest,
    size: contents.length,
  }));
  const manifest = {
    schemaVersion: 2,
    mediaType: type,
    artifactType: 'application/x-suite',
    config: configRow,
    layers: [contentsRow],
  };
  return { blobs: [config, contents], manifests: [blob(type, JSON.stringify(manifest))] };
}

function blob(mediaType: string, text: string): Blob {
  const contents = Buffer.from(text);
  return { mediaType, contents, digest: `sha256:${createHash('sha256').update(contents).digest('hex')}` };
}

function behaviourOf(
  { trouble, bytesPerSecond, credentials, sizeBytes = 64 * 1024 }: ImageToPublish,
  layer: string,
): Behaviour {
  const onLayer = (blobs: Reaction): Behaviour => ({ blobs, onlyBlobs: [layer] });
  const half = Math.round(sizeBytes / 2);
  switch (trouble) {
    case 'forbids':
      return { manifests: { do: 'repeat-credentials' } };
    case 'limits':
      return { manifests: refusal(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '2' }) };
    case 'fails':
      return { manifests: refusal(500, 'UNKNOWN', 'something broke') };
    case 'silent':
      return { manifests: { do: 'ignore' } };
    case 'stalls':
      return onLayer({ do: 'stall', afterBytes: half });
    case 'cuts':
      return onLayer({ do: 'truncate', afterBytes: half });
    case 'corrupts':
      return onLayer({ do: 'corrupt' });
    case 'lost layer':
      return onLayer(refusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry'));
    case undefined:
      return {
        ...(credentials && { credentials }),
        ...(bytesPerSecond !== undefined && onLayer({ do: 'trickle', bytesPerSecond })),
      };
  }
}
