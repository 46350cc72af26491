import type { Client } from '@connectrpc/connect';
import type { Content, Info } from './generated/containerd_content_pb.ts';

export type ContentClient = Client<typeof Content>;

/** Registries refuse manifests over 4 MiB. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** No image has more: overlay file systems mount about 128. All are asked about again and again while the image is pulled. */
const MAX_LAYERS = 500;
/** containerd compares each of its blobs with each filter. */
const MAX_FILTERS = 200;

export interface ImageLayer {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Those of these blobs that the content store has, by digest: one list, because a question for each would cost more than the pull. */
export async function listBlobs(
  content: ContentClient,
  digests: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Info>> {
  const found = new Map<string, Info>();
  for (let at = 0; at < digests.length; at += MAX_FILTERS) {
    const filters = digests.slice(at, at + MAX_FILTERS).map(digest => `digest=="${digest}"`);
    for (const info of await list(content, filters, signal)) found.set(info.digest, info);
  }
  return found;
}

export type BlobReader = (digests: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, Info>>;

/**
 * What several ask for at once, or while an answer is awaited, is one list, over the signal of the first of them. The answer
 * has what the others asked for too.
 */
export function createBlobReader(content: ContentClient): BlobReader {
  let last: Promise<unknown> = Promise.resolve();
  let next: { readonly digests: Set<string>; readonly answer: Promise<ReadonlyMap<string, Info>> } | undefined;

  return (wanted, signal) => {
    if (next === undefined) {
      const digests = new Set<string>();
      const answer = last.then(() => {
        next = undefined;
        return listBlobs(content, [...digests], signal);
      });
      next = { digests, answer };
      last = answer.catch(() => {});
    }
    for (const digest of wanted) next.digests.add(digest);
    return next.answer;
  };
}

/** Bytes that have arrived of each layer that any pull is downloading now, by digest. */
export async function readDownloads(content: ContentClient, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const { statuses } = await content.listStatuses({ filters: ['ref~="^layer-"'] }, { signal });
  return new Map(statuses.map(({ ref, offset }) => [ref.slice('layer-'.length), Number(offset)]));
}

/** What the content store holds of a repository: containerd notes on every blob where it came from. */
export async function listRepository(
  content: ContentClient,
  { host, path }: { host: string; path: string },
  signal: AbortSignal,
): Promise<readonly Info[]> {
  // A blob of several repositories has their paths joined by commas.
  const filter = `labels."containerd.io/distribution.source.${host}"~="(^|,)${path.replaceAll('.', '[.]')}(,|$)"`;
  return list(content, [filter], signal);
}

/** What fits any of the filters. */
async function list(content: ContentClient, filters: string[], signal: AbortSignal): Promise<readonly Info[]> {
  const found: Info[] = [];
  for await (const { info } of content.list({ filters }, { signal })) found.push(...info);
  return found;
}

export async function readLayers(
  content: ContentClient,
  digest: string,
  signal: AbortSignal,
): Promise<readonly ImageLayer[]> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const { data } of content.read({ digest }, { signal })) {
    chunks.push(data);
    sizeBytes += data.length;
    if (sizeBytes > MAX_MANIFEST_BYTES) throw new Error(`expected a manifest of at most 4 MiB, ${digest} is larger`);
  }
  return layersOf(JSON.parse(Buffer.concat(chunks).toString('utf8')));
}

/** The digests that a manifest (`l`: layers, `config`) or an index (`m`: manifests) refers to, as containerd labels them. */
export function childrenOf(info: Info, kind: 'l' | 'm' | 'config'): readonly string[] {
  const prefix = `containerd.io/gc.ref.content.${kind}`;
  return Object.entries(info.labels)
    .filter(([label]) => label === prefix || label.startsWith(`${prefix}.`))
    .map(([, digest]) => digest);
}

function layersOf(manifest: unknown): readonly ImageLayer[] {
  if (typeof manifest !== 'object' || manifest === null || !('layers' in manifest)) return [];
  if (!Array.isArray(manifest.layers)) return [];
  return manifest.layers
    .slice(0, MAX_LAYERS)
    .flatMap((layer: { digest?: unknown; size?: unknown } | null) =>
      typeof layer?.digest === 'string' && typeof layer.size === 'number'
        ? [{ digest: layer.digest, sizeBytes: layer.size }]
        : [],
    );
}
