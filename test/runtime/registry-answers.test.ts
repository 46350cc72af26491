import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import type { FailureKind } from '@kube-prefetch/protocol';
import { createCriRuntime, createDockerRuntime, type ImageRuntime, PullFailure } from '@kube-prefetch/runtime';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildImage, rootOf } from '../../packages/lab/src/images/index.ts';
import { scratchFolder } from '../../packages/lab/src/machine/index.ts';
import { startContainerd, startDockerd } from '../../packages/lab/src/runtimes/index.ts';
import {
  type Behaviour,
  type Reaction,
  refusal,
  type ScriptedRegistry,
  startScriptedRegistry,
} from '../../packages/lab/src/scripted-registry/index.ts';

const KIB = 1024;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const page = (status: number): Reaction => ({
  do: 'answer',
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html>Please log in</html>',
});
const bare = (status: number): Reaction => ({ do: 'answer', status });
const challenge = (header: string): Reaction => ({
  do: 'answer',
  status: 401,
  headers: { 'www-authenticate': header },
});

interface Case {
  readonly behaviour: (silent: string) => Behaviour;
  /** By which the manifest's size of the last layer, about 100 KiB, is wrong. */
  readonly sizeOff?: number;
  readonly containerd: FailureKind;
  /** Undefined where dockerd pulls it all the same. */
  readonly docker: FailureKind | undefined;
}

function row(behaviour: Behaviour | Case['behaviour'], containerd: FailureKind, docker = containerd): Case {
  return { behaviour: typeof behaviour === 'function' ? behaviour : () => behaviour, containerd, docker };
}

const CASES: Readonly<Record<string, Case>> = {
  'a status 400': row({ manifests: bare(400) }, 'RegistryUnavailable'),
  'a status 402': row({ manifests: bare(402) }, 'Unauthorized'),
  'a status 451': row({ manifests: bare(451) }, 'Unauthorized'),
  'a status 502': row({ manifests: bare(502) }, 'RegistryUnavailable'),
  'a status that nobody knows': row({ manifests: bare(520) }, 'RegistryUnavailable'),
  'a page with status 403': row({ manifests: page(403) }, 'Unauthorized'),
  'a page with status 429': row({ manifests: page(429) }, 'RateLimited'),
  'a page for a manifest': row({ manifests: page(200) }, 'RegistryUnavailable'),
  'a page for a blob': row({ blobs: page(200) }, 'RegistryUnavailable', 'Corrupt'),
  'a status 503 for a blob': row({ blobs: bare(503) }, 'RegistryUnavailable'),
  'a status 403 for a blob': row({ blobs: bare(403) }, 'Unauthorized'),
  'a manifest and a reset': row({ manifests: { do: 'reset' } }, 'RegistryUnavailable'),
  'a blob and a reset': row({ blobs: { do: 'reset' } }, 'RegistryUnavailable'),
  'a layer that is larger than its manifest says': { ...row({}, 'Corrupt'), docker: undefined, sizeOff: -5_000 },
  'a token server that hangs in the TLS handshake': row(
    silent => ({ manifests: challenge(`Bearer realm="https://${silent}/token",service="r"`) }),
    'RegistryUnavailable',
    'Unauthorized', // dockerd 20.10 says no more than "authentication required"
  ),
  'a token server that nobody runs': row(
    { manifests: challenge('Bearer realm="https://127.0.0.1:1/token",service="r"') },
    'RegistryUnavailable',
    'Unauthorized',
  ),
  'a challenge that nobody can meet': row({ manifests: challenge('Negotiate') }, 'Unauthorized'),
  'a huge page with status 403': row(
    { manifests: { do: 'answer', status: 403, body: 'status '.repeat(40 * KIB) } },
    'Unauthorized',
  ),
  'a huge error of a blob': row({ blobs: refusal(500, 'UNKNOWN', 'é"\n'.repeat(9 * KIB)) }, 'RegistryUnavailable'),
  'a larger error than anybody reads': row(
    { manifests: refusal(403, 'DENIED', '"\\\n'.repeat(3_000 * KIB)) },
    'Unauthorized',
  ),
  'thousands of errors': row(
    {
      manifests: {
        do: 'answer',
        status: 500,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ errors: Array.from({ length: 50_000 }, (_, n) => ({ code: `C${n}`, message: 'm' })) }),
      },
    },
    'RegistryUnavailable',
  ),
  'a huge status text': row(
    { manifests: { do: 'answer', status: 500, statusText: 'x'.repeat(200 * KIB) } },
    'RegistryUnavailable',
  ),
};

let registry: ScriptedRegistry;
/** Takes connections and says nothing. */
let silent: Server;
beforeAll(async () => {
  registry = await startScriptedRegistry();
  silent = createServer();
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  silent?.close();
  await registry?.close();
});

describe.each(['containerd', 'docker'] as const)('what a registry answers, through %s', name => {
  const folder = scratchFolder('kp-answers');
  let runtime: ImageRuntime;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const registries = [registry.address];
    if (name === 'containerd') {
      const containerd = await startContainerd({ version: '2.4', dir: join(folder.path, 'c'), registries });
      runtime = createCriRuntime({ socket: containerd.socket, clock: systemClock });
      close = () => containerd.stop();
    } else {
      const dockerd = await startDockerd({ dir: join(folder.path, 'd'), registries, maxDownloadAttempts: 2 });
      runtime = createDockerRuntime({ socket: dockerd.socket, clock: systemClock });
      close = () => dockerd.close();
    }
    await runtime.version(new AbortController().signal);
  });
  afterAll(async () => {
    await close?.();
    folder.remove();
  });

  test.concurrent.each(
    Object.entries(CASES)
      .map(([what, row], index) => ({ what, row, index, kind: row[name] }))
      .filter(({ kind }) => kind !== undefined),
  )('$what is $kind', async ({ row, index, kind }) => {
    const reference = publish(`suite/${name}-${index}`, row);
    const pull = runtime.pull(reference, undefined, () => {}, new AbortController().signal);
    const failure = await pull.then(
      () => 'pulled',
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PullFailure);
    expect(`${(failure as PullFailure).kind}: ${(failure as PullFailure).message}`).toMatch(new RegExp(`^${kind}: .`));
  });

  test('an image of twenty thousand layers that are not there costs the agent little', async () => {
    const large = `suite/${name}-many-layers`;
    const image = buildImage({ sizeMiB: 0.1 });
    registry.publish(large, 'v1', image);
    const manifest = JSON.parse(rootOf(image).contents.toString()) as { layers: object[] };
    const [first] = manifest.layers;
    const layers = Array.from({ length: 20_000 }, (_, n) => ({
      ...first,
      digest: `sha256:${createHash('sha256').update(`${large} ${n}`).digest('hex')}`,
    }));
    registry.publishManifest(large, 'v1', MANIFEST, JSON.stringify({ ...manifest, layers }));
    // In processor time: what else the machine does is not the agent's.
    const cpuMs = () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    };
    let [lastMs, longestMs] = [cpuMs(), 0];
    const watching = setInterval(() => {
      const nowMs = cpuMs();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    }, 5);
    const signal = AbortSignal.timeout(60_000);
    const failure = await runtime
      .pull(`${registry.address}/${large}:v1`, undefined, () => {}, signal)
      .catch(error => error as Error);
    clearInterval(watching);
    console.log(
      `${name}: ${failure instanceof Error ? failure.message.slice(0, 200) : 'pulled'}; the loop computed ${Math.round(longestMs)} ms at once at most`,
    );
    expect(failure).toBeInstanceOf(PullFailure);
    expect(longestMs).toBeLessThan(1_000);
  });

  /** What it is for the runtime of the image itself is that runtime's to say. */
  test.each([3, 20, 60])('an image whose configuration is %i MiB large keeps no other from being seen', async mib => {
    const [large, small] = [`suite/${name}-large-${mib}`, `suite/${name}-beside-${mib}`];
    registry.publish(large, 'v1', buildImage({ entrypoint: ['x'.repeat(mib * KIB * KIB)], sizeMiB: 0.1 }));
    registry.publish(small, 'v1', buildImage({ sizeMiB: 0.1 }));
    const images = [large, small].map(repository => `${registry.address}/${repository}:v1`);
    const signal = new AbortController().signal;
    const pulls = images.map(image => runtime.pull(image, undefined, () => {}, signal));
    const ends = await Promise.allSettled(pulls);
    const startedMs = performance.now();
    const seen = await runtime.look(images, signal);
    const what = ends[0]?.status === 'rejected' ? (ends[0].reason as Error).message.slice(0, 200) : 'pulled';
    console.log(`${name}, ${mib} MiB: ${what}; looked at in ${Math.round(performance.now() - startedMs)} ms`);
    expect([ends[1]?.status, seen.get(images[1] as string)?.present]).toEqual(['fulfilled', true]);
    expect(seen.get(images[0] as string)?.present).toBe(ends[0]?.status === 'fulfilled');
  });
});

/** Each image has bytes of its own: a layer that two pulls want is downloaded once, for both. */
function publish(repository: string, { behaviour, sizeOff = 0 }: Case): string {
  const image = buildImage({ files: [{ path: 'case', contents: Buffer.from(repository) }], sizeMiB: 0.1 });
  registry.publish(repository, 'v1', image);
  if (sizeOff !== 0) {
    const manifest = JSON.parse(rootOf(image).contents.toString()) as { layers: { size: number }[] };
    for (const layer of manifest.layers.slice(-1)) layer.size += sizeOff;
    registry.publishManifest(repository, 'v1', MANIFEST, JSON.stringify(manifest));
  }
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  registry.behave(repository, behaviour(`127.0.0.1:${port}`));
  return `${registry.address}/${repository}:v1`;
}
