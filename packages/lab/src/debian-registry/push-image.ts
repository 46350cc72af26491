import { type Blob, type Image, rootOf } from '../images/index.ts';

/**
 * Puts an image into a registry as skopeo would, and answers its digest. `reference` is a tag; without one the image has
 * only its digest.
 */
export async function pushImage(
  address: string,
  repository: string,
  reference: string | undefined,
  image: Image,
): Promise<string> {
  const base = `http://${address}/v2/${repository}`;
  for (const blob of image.blobs) await pushBlob(base, blob);
  const root = rootOf(image);
  for (const manifest of image.manifests) {
    const name = manifest === root && reference !== undefined ? reference : manifest.digest;
    const headers = { 'content-type': manifest.mediaType };
    await expectOk(fetch(`${base}/manifests/${name}`, { method: 'PUT', headers, body: bytes(manifest) }));
  }
  return root.digest;
}

async function pushBlob(base: string, blob: Blob): Promise<void> {
  const known = await fetch(`${base}/blobs/${blob.digest}`, { method: 'HEAD' });
  if (known.ok) return;
  const started = await expectOk(fetch(`${base}/blobs/uploads/`, { method: 'POST' }));
  const upload = new URL(started.headers.get('location') ?? '', base);
  upload.searchParams.set('digest', blob.digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await expectOk(fetch(upload, { method: 'PUT', headers, body: bytes(blob) }));
}

function bytes(blob: Blob): Uint8Array<ArrayBuffer> {
  return new Uint8Array(blob.contents);
}

async function expectOk(asked: Promise<Response>): Promise<Response> {
  const answer = await asked;
  if (!answer.ok) throw new Error(`expected the registry to take it, got ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return answer;
}
