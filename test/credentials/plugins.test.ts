import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openNodeCredentials } from '@kube-prefetch/agent/node-credentials';
import { scratchFolder, waitUntil } from '@kube-prefetch/lab/machine';
import { systemClock } from '@kube-prefetch/time';
import { afterAll, expect, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

const CANARY = 'canary-b9f1d0';
const V1 = 'credentialprovider.kubelet.k8s.io/v1';
const scratch = scratchFolder('kp-plugins');
const { signal } = new AbortController();
afterAll(() => scratch.remove());

let made = 0;

/** A node with one plugin for r.example, which runs this after it has read its request; `runs` counts. */
function withPlugin(
  script: string,
  options: { timeoutMs?: number; dockerConfig?: object; args?: readonly string[] } = {},
) {
  const dir = join(scratch.path, String(++made));
  mkdirSync(dir);
  const log = join(dir, 'runs');
  const body = `#!${process.execPath}
const fs = require('node:fs');
const request = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ request, args: process.argv.slice(2), wanted: process.env.WANTED }) + '\\n');
const answer = (auth, more = {}) => process.stdout.write(JSON.stringify(
  { kind: 'CredentialProviderResponse', apiVersion: ${JSON.stringify(V1)}, cacheKeyType: 'Registry', auth, ...more }));
${script}`;
  writeFileSync(join(dir, 'plugin'), body, { mode: 0o755 });
  const provider = {
    name: 'plugin',
    apiVersion: V1,
    matchImages: ['r.example'],
    defaultCacheDuration: '1h',
    args: options.args ?? [],
    env: [{ name: 'WANTED', value: 'yes' }],
  };
  const config = { kind: 'CredentialProviderConfig', apiVersion: 'kubelet.config.k8s.io/v1', providers: [provider] };
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const dockerConfig = options.dockerConfig === undefined ? undefined : join(dir, 'docker.json');
  if (dockerConfig !== undefined) writeFileSync(dockerConfig, JSON.stringify({ auths: options.dockerConfig }));
  const opened = openNodeCredentials({
    dockerConfig,
    providerConfig: join(dir, 'config.json'),
    providerBinDir: dir,
    providerTimeoutMs: options.timeoutMs ?? SOON_MS,
    clock: systemClock,
  });
  return {
    of: async (image: string) => (await opened).of(image, signal),
    runs: () =>
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
  };
}

test('a plugin is asked as the kubelet asks it, and its answer is matched and kept', async () => {
  const { of, runs } = withPlugin(
    `answer({ 'r.example': { username: 'u', password: 'p' }, 'other.example': { username: 'x', password: 'y' } })`,
    {
      args: ['get-credentials'],
    },
  );
  const credential = { from: 'plugin plugin', username: 'u', password: 'p' };
  expect(await of('r.example/shop/web:1@sha256:' + 'a'.repeat(64))).toEqual({
    credentials: [credential],
    problems: [],
  });
  expect(await of('r.example/other:2')).toEqual({ credentials: [credential], problems: [] });
  expect(await of('elsewhere.example/web:1')).toEqual({ credentials: [], problems: [] });
  expect(runs()).toEqual([
    {
      request: { kind: 'CredentialProviderRequest', apiVersion: V1, image: 'r.example/shop/web' },
      args: ['get-credentials'],
      wanted: 'yes',
    },
  ]);
});

test('an answer that may not be kept is asked for each time, but once for all who wait', async () => {
  const { of, runs } = withPlugin(
    `setTimeout(() => answer({ 'r.example': { username: 'u', password: 'p' } }, { cacheDuration: '0s' }), 300)`,
  );
  const both = await Promise.all([of('r.example/web:1'), of('r.example/web:1')]);
  expect(both[0]).toEqual(both[1]);
  expect(runs()).toHaveLength(1);
  await of('r.example/web:1');
  expect(runs()).toHaveLength(2);
});

test.each([
  ['prints garbage', `process.stdout.write('${CANARY}')`, 'its answer is no JSON'],
  ['answers in another version', `answer({}, { apiVersion: 'v9' })`, 'its answer is no CredentialProviderResponse of'],
  ['prints secrets to stderr and ends badly', `console.error('${CANARY}'); process.exit(3)`, 'it ended with code 3'],
  ['ends by a signal', `process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 9999)`, 'it ended with SIGTERM'],
  [
    'writes without end',
    `const more = () => process.stdout.write('${CANARY}'.repeat(9999), more); more()`,
    'it wrote more than',
  ],
])('one that %s is as good as none, and is named without a word of what it wrote', async (_case, script, problem) => {
  const found = await withPlugin(script).of('r.example/web:1');
  expect(found).toEqual({ credentials: [], problems: [expect.stringContaining(`plugin plugin: ${problem}`)] });
  expect(JSON.stringify(found)).not.toContain(CANARY);
});

test('one that hangs is ended with its group, one of its children that left the group holds nobody up, and the image waits', async () => {
  const child = (detached: boolean) =>
    `require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)'], { stdio: 'inherit', detached: ${detached} }).pid`;
  const { of, runs } = withPlugin(
    `fs.appendFileSync(${JSON.stringify('PIDS')}.replace('PIDS', __dirname + '/pids'), [process.pid, ${child(false)}].join(' ')); ${child(true)}; setTimeout(() => {}, 20000)`,
    // Long enough for a busy machine to start it and both children.
    { timeoutMs: 4_000 },
  );
  await expect(of('r.example/web:1')).rejects.toMatchObject({
    name: 'CredentialsMissing',
    message: 'plugin plugin: it gave no answer within 4 s',
  });
  expect(runs()).toHaveLength(1);
  const pids = readFileSync(join(scratch.path, String(made), 'pids'), 'utf8')
    .split(' ')
    .map(Number);
  const isGone = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    } catch {
      return true;
    }
  };
  await waitUntil(async () => pids.every(isGone), 'its processes to be gone', SOON_MS);
});

test('one that ends while a child of its holds the output open has answered', async () => {
  const { of } = withPlugin(
    `require('node:child_process').spawn('sleep', ['2'], { stdio: 'inherit', detached: true }).unref(); answer({ 'r.example': { username: 'u', password: 'p' } })`,
  );
  expect((await of('r.example/web:1')).credentials).toHaveLength(1);
});

test("the node's docker config comes before plugins, as the kubelet has it", async () => {
  const dockerConfig = { 'r.example': { auth: Buffer.from('node:secret').toString('base64') } };
  const { of } = withPlugin(`answer({ 'r.example': { username: 'u', password: 'p' } })`, { dockerConfig });
  expect((await of('r.example/web:1')).credentials).toEqual([
    { from: 'docker config of the node', username: 'node', password: 'secret' },
    { from: 'plugin plugin', username: 'u', password: 'p' },
  ]);
});

test('what is wrong with the files of the node is said for each image', async () => {
  const broken = join(scratch.path, 'broken.json');
  writeFileSync(broken, `{"auths": {"r.example": {"auth": "${CANARY}"}}}`);
  const node = await openNodeCredentials({
    dockerConfig: broken,
    providerConfig: join(scratch.path, 'nowhere'),
    providerBinDir: scratch.path,
    providerTimeoutMs: 1_000,
    clock: systemClock,
  });
  const found = await node.of('r.example/web:1', signal);
  expect(found).toEqual({
    credentials: [],
    problems: [expect.stringMatching(/^docker config of the node: /), expect.stringMatching(/nowhere: .*ENOENT/)],
  });
  expect(JSON.stringify(found)).not.toContain(CANARY);
});
