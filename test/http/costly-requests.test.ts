import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { aCell, aPermitRequest, aReport, want } from '@kube-prefetch/coordinator/testing';
import { type Child, scratchFolder } from '@kube-prefetch/lab/machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INSPECTED, type Inspector, inspect } from '../endurance/inspect-process.ts';
import { linesOf, preparePrograms } from '../programs/start-programs.ts';

/** What one request may cost the program that it is sent to. */
const MOST = { loopMs: 100, memoryMiB: 100 };
const TRIES = 3;
/** What REFERENCE_WORK takes where MOST was measured. */
const REFERENCE_MS = 130;
const IMAGES = 2_000;
const NAMESPACES = 20;
const MIB = 1024 * 1024;

/** As long as a reference may be. */
const imageAt = (n: number) => `r.example/${'i'.repeat(240)}:${String(n).padStart(128, '0')}`;
const images = Array.from({ length: IMAGES }, (_, n) => imageAt(n));
/** With a repository as long as one may be. */
const PRIVATE = Array.from({ length: 64 }, (_, n) => `r.example/${'i/'.repeat(118)}i:${n}`);

const scratch = scratchFolder('kp-costly');
let coordinator: Child;
let agent: Child;
const urls: Record<string, string> = {};
beforeAll(async () => {
  const programs = await preparePrograms(scratch.path, join(scratch.path, 'no-runtime.sock'));
  const named = images.slice(PRIVATE.length);
  for (let n = 0; n < 4; n++)
    writeFileSync(
      join(scratch.path, 'manifests', `images-${n}.yaml`),
      anAsk(`many-${n}`, named.slice(n * 484, (n + 1) * 484)),
    );
  for (let n = 0; n < NAMESPACES; n++)
    writeFileSync(join(scratch.path, 'manifests', `tenant-${n}.yaml`), tenant(`t${n}`));
  // Each case has a node of its own: what one may send is used up by few of them.
  writeFileSync(join(scratch.path, 'manifests', 'nodes.yaml'), cases.map((_, n) => aNode(`n1-${n}`)).join('\n---\n'));
  coordinator = await programs.startCoordinator(INSPECTED);
  const started = await programs.startAgent({ node: 'elsewhere' }, INSPECTED);
  agent = started.child;
  for (const { listener, address } of linesOf(coordinator.logFile).filter(({ msg }) => msg === 'listening'))
    urls[String(listener)] = String(address);
  urls['agent'] = await started.ops();
});
afterAll(async () => {
  await Promise.all([agent?.kill(), coordinator?.kill()]);
  scratch.remove();
});

function anAsk(name: string, wanted: readonly string[]): string {
  const kind = { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'ClusterPrefetch' };
  return JSON.stringify({ ...kind, metadata: { name }, spec: { images: wanted } });
}

function aNode(name: string): string {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status });
}

/** A namespace whose secrets have as many entries as are looked at, all for the registry and path of the images that it asks for. */
function tenant(namespace: string): string {
  const key = (n: number) =>
    `${['', 'http://', 'https://'][n % 3]}r.example/${['', 'v1/', 'v2/'][Math.floor(n / 3) % 3]}${'i/'.repeat(Math.floor(n / 9) % 112)}`;
  const names = ['a', 'b'];
  const secrets = names.map(name => {
    const auth = (n: number) => Buffer.from(`${namespace}-${name}-${n}:${'p'.repeat(100)}`).toString('base64');
    const auths = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [key(n), { auth: auth(n) }]));
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    };
  });
  const prefetch = {
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { namespace, name: 'all' },
    spec: { images: PRIVATE, imagePullSecrets: names.map(name => ({ name })) },
  };
  return [prefetch, ...secrets].map(object => JSON.stringify(object)).join('\n---\n');
}

let sequence = 0;
const report = (cells: readonly unknown[], more: object = {}) =>
  JSON.stringify({ ...aReport({ sequence: ++sequence }), ...more, cells });
const longText = (n: number, length = 1_024) => `${n} ${'"\\ü'.repeat(length)}`.slice(0, length);
/** As JSON not longer than a body may be. */
function atMost(bytes: number, count: number, each: (n: number) => unknown): unknown[] {
  const all: unknown[] = [];
  for (let n = 0, sum = 0; n < count; n++) {
    const next = each(n);
    sum += Buffer.byteLength(JSON.stringify(next)) + 1;
    if (sum > bytes) break;
    all.push(next);
  }
  return all;
}
const time = '2026-01-01T00:00:00.000Z';
const BIG = 8 * MIB - 2_000;

/** Bodies by the route that they are sent to. */
const BODIES: Readonly<Record<string, Readonly<Record<string, () => string | Buffer>>>> = {
  report: {
    'every image failing with a long message': () =>
      report(
        atMost(BIG, IMAGES, n =>
          aCell({
            image: imageAt(n),
            state: 'Failed',
            failure: { kind: 'Unknown', message: longText(n) },
            waitingBecause: longText(n),
            attempts: 1,
            nextTry: time,
            failingSince: time,
          }),
        ),
      ),
    'every image present, each with as many digests as fit': () =>
      report(atMost(BIG, IMAGES, n => aCell({ image: imageAt(n), sizeBytes: n, digests: digests(n, 32, 90) }))),
    'every image present, each with as many digests as fit, zipped': () =>
      gzipSync(
        report(atMost(BIG, IMAGES, n => aCell({ image: imageAt(n), sizeBytes: n, digests: digests(n, 32, 90) }))),
      ),
    'thousands of images of no plan': () =>
      report(
        atMost(BIG, IMAGES, n => aCell({ image: `x${longText(n, 500)}` })),
        { full: true },
      ),
    'every image gone': () => report([], { full: false, gone: images }),
    'one image two thousand times': () =>
      report(Array.from({ length: IMAGES }, (_, n) => aCell({ image: images[0] as string, sizeBytes: n }))),
    'millions of empty cells': () => `{"cells":[${'{},'.repeat(2_700_000)}{}]}`,
    'as many wrong cells as are allowed': () =>
      report(Array.from({ length: IMAGES }, () => ({ digests: Array<number>(30).fill(1) }))),
    'two hundred thousand digests in one cell': () => report([aCell({ digests: Array<string>(190_000).fill('d') })]),
    'fifty thousand fields in one cell': () =>
      report([Object.fromEntries(Array.from({ length: 49_000 }, (_, n) => [`f${n}`, n]))]),
    'lists in lists': () => `{"cells":${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
    'one text of 8 MiB, escaped': () => `{"agent":"${'\\u0041'.repeat(BIG / 6)}"}`,
    'one number of 8 MiB': () => `{"sequence":1${'0'.repeat(BIG)}}`,
    'one name of 8 MiB': () => `{"${'n'.repeat(BIG)}":1}`,
    'a time of 8 MiB': () => report([{ ...aCell(), since: `2026-01-01T00:00:00.${'1'.repeat(BIG - 1_000)}` }]),
    'an image of 8 MiB': () => report([aCell({ image: 'ü'.repeat(BIG / 2 - 1_000) })]),
    spaces: () => ' '.repeat(BIG),
    'spaces, zipped': () => gzipSync(' '.repeat(BIG)),
    'bytes that are no text': () => '\u00ff'.repeat(BIG / 2),
    'a mistake at the end of 8 MiB': () =>
      `${report(atMost(BIG, IMAGES, n => aCell({ image: imageAt(n), digests: digests(n, 32, 90) }))).slice(0, -1)},}`,
  },
  leases: {
    'every image held and wanted': () => JSON.stringify(aPermitRequest({ holding: images, wanting: want(...images) })),
    'every image wanted': () => JSON.stringify(aPermitRequest({ wanting: want(...images) })),
    'images of no plan': () =>
      JSON.stringify(aPermitRequest({ holding: images.map(image => `x${image}`.slice(0, 512)) })),
    'too many': () => JSON.stringify(aPermitRequest({ holding: Array<string>(190_000).fill('a') })),
    'wrong ones': () => `{"holding":[${'1,'.repeat(1_999)}1],"wanting":[${'{},'.repeat(1_999)}{}],"waitMs":0}`,
  },
  credentials: {
    'as many images as are allowed, of tenants with thousands of entries': () =>
      JSON.stringify({ images: PRIVATE.map(image => ({ image })) }),
    'the same, refused': () => JSON.stringify({ images: PRIVATE.map(image => ({ image, refused: true })) }),
    'too many': () => JSON.stringify({ images: Array.from({ length: 3_000 }, () => ({})) }),
    'wrong ones': () => `{"images":[${'{},'.repeat(63)}{}]}`,
  },
};

function digests(n: number, count: number, length: number): string[] {
  return Array.from({ length: count }, (_, d) => `d@sha256:${n}-${d}`.padEnd(length, 'f'));
}

/** The longest that the loop computes without looking for anything else, as CPU time: other processes do not count. */
const WATCH_LOOP = `{
  const cpuMs = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  let last = cpuMs();
  globalThis.longestMs = 0;
  clearInterval(globalThis.watching);
  globalThis.watching = setInterval(() => {
    const now = cpuMs();
    globalThis.longestMs = Math.max(globalThis.longestMs, now - last);
    last = now;
  }, 1);
}`;

/** Milliseconds of processor time for what requests cost most of: reading JSON. */
const REFERENCE_WORK = `{
  const text = JSON.stringify(Array.from({ length: 40_000 }, (_, n) => ({ image: 'r.example/app:' + n, state: 'Failed', attempts: n })));
  const { user, system } = process.threadCpuUsage();
  for (let times = 0; times < 20; times++) JSON.parse(text);
  const took = process.threadCpuUsage({ user, system });
  (took.user + took.system) / 1000;
}`;

interface Cost {
  readonly status: number | 'cut';
  /** As if the machine were as fast as the one that MOST was measured on. */
  readonly loopMs: number;
  readonly memoryMiB: number;
}

async function costOf(child: Child, send: () => Promise<Response>): Promise<Cost> {
  using inspector = await inspect(child);
  await inspector.call('HeapProfiler.collectGarbage');
  writeFileSync(`/proc/${child.pid}/clear_refs`, '5'); // the peak counts anew
  await sleep(50);
  await evaluate(inspector, WATCH_LOOP);
  const before = memoryOf(child);
  const status = await send().then(
    async answer => (await answer.arrayBuffer(), answer.status),
    () => 'cut' as const, // before all of the body was sent
  );
  await sleep(1_200); // the pass that follows counts too
  const after = memoryOf(child);
  const loopMs = Number(await evaluate(inspector, 'longestMs'));
  const slowness = loopMs > MOST.loopMs ? Number(await evaluate(inspector, REFERENCE_WORK)) / REFERENCE_MS : 1;
  return {
    status,
    loopMs: Math.round(loopMs / Math.max(1, slowness)),
    memoryMiB: Math.round((after.peakKib - before.kib) / 1024),
  };
}

function isTooMuch({ loopMs, memoryMiB }: Cost): boolean {
  return loopMs > MOST.loopMs || memoryMiB > MOST.memoryMiB;
}

async function evaluate(inspector: Inspector, expression: string): Promise<unknown> {
  const { result } = (await inspector.call('Runtime.evaluate', { expression })) as { result: { value: unknown } };
  return result.value;
}

function memoryOf({ pid }: Child) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibOf = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]);
  return { kib: kibOf('VmRSS'), peakKib: kibOf('VmHWM') };
}

const GETS = [
  'agents /v1/nodes/n1/plan',
  'admin /',
  'admin /v1/cells',
  'admin /v1/asks/ClusterPrefetch/many-0',
  'admin /v1/events?after=x',
  'admin /v1/overview',
  'admin /v1/resources',
  'admin /v1/nodes/n1',
  `admin /v1/images/${images.at(-1)}`,
  'admin /v1/images/nothing',
  'ops /metrics',
  'ops /healthz',
  'ops /readyz',
  'agent /metrics',
  'agent /healthz',
  'agent /readyz',
];
const cases = [
  ...Object.entries(BODIES).flatMap(([route, bodies]) =>
    Object.entries(bodies).map(([what, body]) => ({ listener: 'agents', path: `/v1/nodes/NODE/${route}`, what, body })),
  ),
  ...GETS.map(where => {
    const [listener = '', path = ''] = where.split(' ');
    return { listener, path, what: 'read', body: undefined };
  }),
  ...['agents', 'admin', 'ops', 'agent'].map(listener => ({
    listener,
    path: '/v1/nothing',
    what: '8 MiB',
    body: () => ' '.repeat(BIG),
  })),
];

test('no request costs more than 100 ms of the loop and 100 MiB, whatever it holds', async () => {
  const costs: (Cost & { where: string })[] = [];
  for (const [n, { listener, path: pattern, what, body }] of cases.entries()) {
    const path = pattern.replace('NODE', `n1-${n}`);
    const child = listener === 'agent' ? agent : coordinator;
    const payload = body?.();
    const headers = {
      'content-type': 'application/json',
      ...(typeof payload === 'object' && { 'content-encoding': 'gzip' }),
    };
    const send = () =>
      fetch(`${urls[listener]}${path}`, payload === undefined ? {} : { method: 'POST', headers, body: payload });
    let cost = await costOf(child, send);
    // Code that is compiled for the first time and a large collection cost, too. The least is what the request costs.
    for (let tries = 1; tries < TRIES && isTooMuch(cost); tries++) {
      await sleep(10_000); // what the node may send fills up again
      const { status, loopMs, memoryMiB } = await costOf(child, send);
      if (status === cost.status)
        cost = { status, loopMs: Math.min(loopMs, cost.loopMs), memoryMiB: Math.min(memoryMiB, cost.memoryMiB) };
    }
    costs.push({ where: `${listener} ${path.slice(0, 40)}: ${what}`, ...cost });
    console.log(JSON.stringify(costs.at(-1)));
  }
  expect(costs.filter(isTooMuch)).toEqual([]);
  expect(costs.find(({ where }) => where.startsWith('admin /v1/images/r.'))?.status).toBe(200);
  expect(costs.filter(({ status }) => status !== 'cut' && status !== 503 && (status === 429 || status >= 500))).toEqual(
    [],
  );
}, 600_000);
