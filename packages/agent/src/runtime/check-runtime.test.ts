import { expect, test } from 'vitest';
import { checkRuntime, RuntimeMismatch } from './check-runtime.ts';

const rows: readonly [kubelet: string | undefined, name: string, version: string, right: boolean][] = [
  [undefined, 'containerd', '1.6.20', true],
  ['containerd://1.6.20', 'containerd', '1.6.20', true],
  ['containerd://1.6.20', 'containerd', '1.6.20~ds1', true],
  ['containerd://2.4.2', 'containerd', 'v2.4.2', true],
  ['containerd://2.4.2', 'containerd', 'v2.4.2-rc.1+unknown', true],
  ['cri-o://1.34.11', 'cri-o', '1.34.11', true],
  ['docker://20.10.24', 'docker', '20.10.24+dfsg1', true],
  ['containerd://1.6.20', 'containerd', '1.6.2', false],
  ['containerd://1.6.20', 'containerd', '1.6.200', false],
  ['containerd://1.6.20', 'docker', '1.6.20', false],
  ['containerd://1.6.20', 'containerd', '1.7.35', false],
  ['containerd://built-by-hand', 'containerd', 'built-by-hand', true],
  ['containerd', 'containerd', '1.6.20', false],
];

test.each(rows)('the kubelet says %s and %s %s answers: right is %s', (runtimeVersion, name, version, right) => {
  const check = () => checkRuntime({ revision: 'r', complete: true, items: [], runtimeVersion }, { name, version });
  if (right) check();
  else expect(check).toThrow(RuntimeMismatch);
});

test('the message names both and says what to do', () => {
  const plan = { revision: 'r', complete: true, items: [], runtimeVersion: 'containerd://1.6.20' };
  expect(() => checkRuntime(plan, { name: 'docker', version: '20.10.24' })).toThrow(
    "the kubelet uses containerd://1.6.20, but docker://20.10.24 answers on the socket: give the agent the kubelet's runtime socket",
  );
});
