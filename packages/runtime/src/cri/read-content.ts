import { type Client, Code } from '@connectrpc/connect';
import type { Content, Info } from './generated/containerd_content_pb.ts';
import { refusalOf } from './grpc-client.ts';

export type ContentClient = Client<typeof Content>;

/** Registries refuse manifests over 4 MiB. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export interface ImageLayer {
  readonly digest: string;
  readonly sizeBytes: number;
}

/** undefined where the content store has no such blob, or not yet. */
export async function readInfo(content: ContentClient, digest: string, signal: AbortSignal): Promise<Info | undefined> {
  try {
    return (await content.info({ digest }, { signal })).info;
  } catch (error) {
    if (refusalOf(error).code === Code.NotFound) return undefined;
    throw error;
  }
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
  const found: Info[] = [];
  for await (const { info } of content.list({ filters: [filter] }, { signal })) found.push(...info);
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
  return manifest.layers.flatMap((layer: { digest?: unknown; size?: unknown } | null) =>
    typeof layer?.digest === 'string' && typeof layer.size === 'number'
      ? [{ digest: layer.digest, sizeBytes: layer.size }]
      : [],
  );
}
