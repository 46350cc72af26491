import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage } from '../../packages/lab/src/images/index.ts';
import {
  type Behaviour,
  refusal,
  type ScriptedRegistry,
  startScriptedRegistry,
} from '../../packages/lab/src/scripted-registry/index.ts';

let registry: ScriptedRegistry;
beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry?.close());

let repositories = 0;

/** A repository that behaves so, and where its only layer is. */
function publish(behaviour: Behaviour) {
  const repository = `suite/r${repositories++}`;
  const image = buildImage({ sizeMiB: 0.1 });
  const layer = image.blobs.toSorted((a, b) => b.contents.length - a.contents.length)[0] ?? {
    digest: '',
    contents: Buffer.alloc(0),
  };
  registry.publish(repository, 'v1', image);
  registry.behave(repository, behaviour);
  const base = `http://${registry.address}/v2/${repository}`;
  return {
    repository,
    contents: layer.contents,
    manifest: `${base}/manifests/v1`,
    blob: `${base}/blobs/${layer.digest}`,
  };
}

test('what is published comes back, and every request is counted under its repository', async () => {
  const { repository, manifest, blob, contents } = publish({});
  const answer = await fetch(manifest);
  expect(answer.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
  expect(await answer.json()).toMatchObject({ schemaVersion: 2 });
  expect(Buffer.from(await (await fetch(blob)).arrayBuffer())).toEqual(contents);
  expect((await fetch(blob, { method: 'HEAD' })).headers.get('content-length')).toBe(String(contents.length));
  expect(registry.requests.of(repository).map(({ method }) => method)).toEqual(['GET', 'GET', 'HEAD']);
  expect(registry.requests.of('suite/r')).toEqual([]);
});

test('a range goes on where a download was cut', async () => {
  const { blob, contents } = publish({});
  const rest = await fetch(blob, { headers: { range: 'bytes=100-' } });
  expect(rest.status).toBe(206);
  expect(Buffer.from(await rest.arrayBuffer())).toEqual(contents.subarray(100));
});

test('credentials are asked for, and only the right ones are taken', async () => {
  const { manifest } = publish({ credentials: { username: 'u', password: 'p' } });
  const status = async (authorization?: string) =>
    (await fetch(manifest, authorization === undefined ? {} : { headers: { authorization } })).status;
  expect(await status()).toBe(401);
  expect(await status(`Basic ${btoa('u:wrong')}`)).toBe(401);
  expect(await status(`Basic ${btoa('u:p')}`)).toBe(200);
});

test('a refusal has its status, text and headers', async () => {
  const { manifest } = publish({ manifests: refusal(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '2' }) });
  const answer = await fetch(manifest);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
  expect(await answer.text()).toContain('slow down');
});

test.each([
  ['stall', (cancel: AbortController) => cancel.abort()],
  ['truncate', () => {}],
] as const)('a body can %s after some bytes, and its end is told', async (how, end) => {
  const { repository, blob } = publish({ blobs: { do: how, afterBytes: 1000 } });
  const cancel = new AbortController();
  const answer = await fetch(blob, { signal: cancel.signal });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).value?.length).toBe(1000);
  const rest = reader.read();
  end(cancel);
  await expect(rest).rejects.toThrow(/abort|terminated/);
  expect(await registry.requests.of(repository)[0]?.ended).toBe('closed');
});

test('a body that trickles comes whole at once when it is told to hurry', async () => {
  const hurry = new AbortController();
  // By itself it would take hours.
  const { blob, contents } = publish({ blobs: { do: 'trickle', bytesPerSecond: 10, hurry: hurry.signal } });
  const answer = await fetch(blob);
  hurry.abort();
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(contents);
});

test('no answer comes where none is to come', async () => {
  const { repository, manifest } = publish({ manifests: { do: 'ignore' } });
  const cancel = new AbortController();
  const asked = fetch(manifest, { signal: cancel.signal });
  await registry.requests.next(({ path }) => path.includes(repository));
  cancel.abort();
  await expect(asked).rejects.toThrow(/abort/);
});

test('wrong bytes have the right length', async () => {
  const { blob, contents } = publish({ blobs: { do: 'corrupt' } });
  const got = Buffer.from(await (await fetch(blob)).arrayBuffer());
  expect(got.length).toBe(contents.length);
  expect(got).not.toEqual(contents);
});
