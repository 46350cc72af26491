import type { Overview } from '@kube-prefetch/protocol';
import { countNoun, someOf } from '../print/quantities.ts';
import type { Finding } from './finding.ts';

/** What runtimes said of themselves. */
export function judgeRuntimes(overview: Overview | undefined): readonly Finding[] {
  const check = 'Runtimes';
  if (overview === undefined) return [];
  const failing = overview.nodes.flatMap(({ name, runtime }) =>
    runtime?.failure === undefined ? [] : [{ name, ...runtime.failure }],
  );
  const unseen = overview.nodes.filter(({ runtime }) => runtime?.diskUnseen).map(({ name }) => name);
  const findings = [...Map.groupBy(failing, ({ kind, message }) => `${kind}: ${message}`)].map(
    ([says, same]): Finding => ({
      check,
      verdict: 'broken',
      says: `${says} (${someOf(same.map(({ name }) => name))})`,
      remedy: /permission denied|EACCES/i.test(says)
        ? 'SELinux keeps the agent from the socket: set seLinuxOptions.type'
        : says.startsWith('RuntimeMismatch')
          ? "set runtime.socket to that of the kubelet's runtime"
          : 'set runtime.socket where it is elsewhere; look at the runtime of the node',
      page: 'install.md#platforms',
    }),
  );
  if (unseen.length > 0)
    findings.push({
      check,
      verdict: 'look',
      says: `on ${countNoun(unseen.length, 'node')} (${someOf(unseen)}) the agent cannot see how full the disk of the images is, and keeps no limit`,
      remedy: 'set disk.hostPath',
      page: 'running.md#disk',
    });
  const found = nodesByRuntime(overview);
  const settings = judgeSettings(found);
  if (findings.length > 0) return [...findings, ...settings];
  return [{ check, verdict: 'ok', says: [...found.keys()].sort().join(', ') || 'none has reported' }, ...settings];
}

/** By name and version. */
function nodesByRuntime({ nodes }: Overview): ReadonlyMap<string, readonly string[]> {
  const known = nodes.filter(({ runtime }) => runtime?.name !== undefined);
  const groups = Map.groupBy(known, ({ runtime }) => `${runtime?.name} ${runtime?.version ?? ''}`.trim());
  return new Map([...groups].map(([runtime, same]) => [runtime, same.map(({ name }) => name)]));
}

/**
 * Settings that make any pull faster, by the version that has them; docs/runtime-settings.md. How a node is set no API tells.
 *
 * | containerd | ranges of one layer | parallel unpack |
 * | ---------- | ------------------- | --------------- |
 * | 2.2        | yes                 | yes             |
 * | 2.1        | yes                 | no              |
 * | before     | no                  | no              |
 */
function judgeSettings(found: ReadonlyMap<string, readonly string[]>): readonly Finding[] {
  const settingsOf = (runtime: string) => {
    const [, major, minor] = /^containerd v?(\d+)\.(\d+)/.exec(runtime) ?? [];
    if (major === undefined) return undefined;
    const version = Number(major) * 1_000 + Number(minor);
    if (version >= 2_002)
      return 'can fetch a large layer in ranges, several at once, and unpack layers in parallel. Both are off by default; whether they are on can only be seen on the node';
    if (version >= 2_001)
      return 'can fetch a large layer in ranges, several at once. That is off by default; whether it is on can only be seen on the node';
    return 'has no setting that makes a pull faster. From 2.1 on it can fetch a large layer in ranges';
  };
  const groups = Map.groupBy(found, ([runtime]) => settingsOf(runtime));
  return [...groups].flatMap(([says, same]): readonly Finding[] => {
    if (says === undefined) return [];
    const versions = same.map(([runtime]) => runtime.replace('containerd ', '')).sort();
    const nodes = countNoun(same.flatMap(([, names]) => names).length, 'node');
    return [
      {
        check: 'Faster pulls',
        verdict: 'note',
        says: `containerd ${versions.join(', ')} (${nodes}) ${says}`,
        page: 'runtime-settings.md',
      },
    ];
  });
}
