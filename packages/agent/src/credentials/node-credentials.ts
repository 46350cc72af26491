import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  matchCredentials,
  type ParsedDockerConfig,
  parseDockerConfig,
  parseProviderConfig,
  providerConfigFiles,
} from '@kube-prefetch/keyring';
import { errorText } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import type { NodeCredentials } from './gather-tries.ts';
import { createPlugins, type PluginMetrics, type PluginsParts } from './plugins.ts';
import { runPlugin } from './run-plugin.ts';

export interface NodeCredentialsParts {
  /** The kubelet's `config.json`, or a `.dockercfg`. */
  readonly dockerConfig?: string | undefined;
  /** A CredentialProviderConfig, or a folder of them. */
  readonly providerConfig?: string | undefined;
  readonly providerBinDir?: string | undefined;
  readonly providerTimeoutMs: number;
  readonly clock: Clock;
  readonly metrics?: PluginMetrics | undefined;
}

/** What the kubelet of this node would use beside pull secrets, in its order: its docker config, then its plugins. */
export async function openNodeCredentials(parts: NodeCredentialsParts): Promise<NodeCredentials> {
  const { dockerConfig, providerConfig, providerBinDir, clock } = parts;
  const sources = [
    ...(dockerConfig === undefined ? [] : [createDockerConfig(dockerConfig, clock)]),
    ...(providerConfig === undefined || providerBinDir === undefined
      ? []
      : [await openPlugins(providerConfig, providerBinDir, parts)]),
  ];
  return {
    async of(image, signal) {
      const found = [];
      for (const source of sources) found.push(await source.of(image, signal));
      return {
        credentials: found.flatMap(({ credentials }) => credentials),
        problems: found.flatMap(({ problems }) => problems),
      };
    },
  };
}

/** The kubelet reads it again after this time. */
const READ_AGAIN_MS = 5 * 60_000;

/** Read when it is needed. A file that is not there is no problem: most nodes have none. */
function createDockerConfig(path: string, clock: Clock): NodeCredentials {
  let kept: { readonly config: ParsedDockerConfig; readonly atMs: number } | undefined;

  const read = async (): Promise<ParsedDockerConfig> => {
    try {
      const text = (await readFile(path)).toString('utf8');
      return parseDockerConfig(text, path.endsWith('.dockercfg') ? 'dockercfg' : 'dockerconfigjson');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { entries: [] } : { problem: errorText(error) };
    }
  };

  return {
    async of(image) {
      const now = clock.monotonicMs();
      if (kept === undefined || now - kept.atMs >= READ_AGAIN_MS) kept = { config: await read(), atMs: now };
      const { config } = kept;
      if ('problem' in config) return { credentials: [], problems: [`docker config of the node: ${config.problem}`] };
      const fitting = matchCredentials(config.entries, image);
      return {
        credentials: fitting.map(({ key: _key, ...pair }) => ({ from: 'docker config of the node', ...pair })),
        problems: [],
      };
    },
  };
}

/** A configuration that is no good is a problem of each image: no plugin runs, as the kubelet would not start. */
async function openPlugins(
  path: string,
  binDir: string,
  { providerTimeoutMs: timeoutMs, clock, metrics }: NodeCredentialsParts,
): Promise<NodeCredentials> {
  const problem = (problems: readonly string[]): NodeCredentials => ({
    of: async () => ({ credentials: [], problems: [`${path}: ${problems.join('; ')}`] }),
  });
  try {
    const config = parseProviderConfig(await readProviderFiles(path));
    if ('problems' in config) return problem(config.problems);
    const run: PluginsParts['run'] = (one, signal) => runPlugin(one, clock, signal);
    return createPlugins({ ...config, binDir, timeoutMs, clock, metrics, run });
  } catch (error) {
    return problem([errorText(error)]);
  }
}

async function readProviderFiles(path: string) {
  const isFolder = (await lstat(path)).isDirectory();
  const names = isFolder ? providerConfigFiles(await readdir(path)) : [''];
  return Promise.all(names.map(async name => ({ name: name || path, text: await readFile(join(path, name), 'utf8') })));
}
