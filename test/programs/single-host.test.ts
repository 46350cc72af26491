import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBlock } from '@kube-prefetch/lab/docs';
import { buildImage } from '@kube-prefetch/lab/images';
import { runProgram, scratchFolder, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import { startContainerd } from '@kube-prefetch/lab/runtimes';
import { startScriptedRegistry } from '@kube-prefetch/lab/scripted-registry';
import { expect, onTestFinished, test } from 'vitest';
import { SOON_MS } from '../patience.ts';

test('as docs/running.md has it, one host with the example of it becomes warm and says so', async () => {
  const scratch = scratchFolder('kp-host');
  onTestFinished(() => scratch.remove());
  const registry = await startScriptedRegistry();
  onTestFinished(() => registry.close());
  const images = { debian: '12-slim', node: '24-slim', postgres: '17' };
  for (const [name, tag] of Object.entries(images))
    registry.publish(`library/${name}`, tag, buildImage({ sizeMiB: 1 }));
  const containerd = await startContainerd({
    dir: join(scratch.path, 'c'),
    version: 'debian',
    registries: [],
    hubMirror: registry.address,
  });
  onTestFinished(() => containerd.stop());

  const [manifests, statuses] = [join(scratch.path, 'manifests'), join(scratch.path, 'statuses')];
  const status = { '/var/lib/kube-prefetch-status': statuses };
  const instead = { '/etc/kube-prefetch': manifests, ...status };
  const block = readBlock('docs/running.md', 'npm run build', { instead });
  // In a network of its own: the ports of the page may be somebody's here.
  const child = await startChild({
    name: 'the commands of the page',
    command: 'unshare',
    args: ['--net', 'bash', '-ec', `ip link set lo up\n${block}`],
    env: {
      KUBE_PREFETCH_RUNTIME_SOCKET: containerd.socket,
      KUBE_PREFETCH_STATE_DIR: join(scratch.path, 'state'),
      KUBE_PREFETCH_DISK_MAX_USED_PERCENT: '99',
    },
    logFile: join(scratch.path, 'page.log'),
  });
  onTestFinished(async () => void (await child.kill()));

  const file = join(statuses, 'ClusterPrefetch.build-images.yaml');
  const isWarm = () => existsSync(file) && /type: Warm\n\s+status: "True"/.test(readFileSync(file, 'utf8'));
  await waitUntil(isWarm, 'everything to be warm', SOON_MS, { child });
  const asked = readBlock('docs/running.md', 'cat /var/lib', { instead: status });
  const inside = ['--target', String(child.pid), '--net', 'bash', '-eo', 'pipefail', '-c', asked];
  const said = await runProgram('nsenter', inside);
  expect(said).toMatch(
    /present: 3[^]*"Present":3[^]*"name":"this-host"[^]*"image":"debian:12-slim","tag":"[^"]+","nodes":/,
  );
});
