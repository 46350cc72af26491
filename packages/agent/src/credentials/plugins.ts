import { join } from 'node:path';
import {
  createProviderCache,
  type CredentialProvider,
  matchCredentials,
  matchesImage,
  parseProviderResponse,
  type ProviderConfig,
  providerRequest,
  type RegistryEntry,
} from '@kube-prefetch/keyring';
import type { ImageRef } from '@kube-prefetch/protocol';
import { type Clock, untilAborted } from '@kube-prefetch/time';
import { CredentialsMissing, type NodeCredentials } from './gather-tries.ts';
import type { PluginOutcome, PluginRun } from './run-plugin.ts';

/** How a run ended: with an answer that counts, with none, or at its time limit. */
export const RUN_RESULTS = ['answered', 'failed', 'too_late'] as const;

export interface PluginMetrics {
  pluginRan(plugin: string, result: (typeof RUN_RESULTS)[number], elapsedMs: number): void;
}

export interface PluginsParts extends ProviderConfig {
  readonly binDir: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly metrics?: PluginMetrics | undefined;
  readonly run: (run: PluginRun, signal: AbortSignal) => Promise<PluginOutcome>;
}

/** How one provider answered, for what keeps the score. */
type Answer = { readonly entries: readonly RegistryEntry[] } | Exclude<PluginOutcome, { output: string }>;

/**
 * Credentials of the plugins that the kubelet would run for an image, in the order of their configuration. As with the kubelet, one that
 * fails is as good as none. One that hangs is not: the image waits.
 */
export function createPlugins({ providers, leftOut, ...parts }: PluginsParts): NodeCredentials {
  const askers = providers.map(provider => createAsker(provider, parts));
  const notRun = leftOut.map(({ name, reason }) => `plugin ${name} is not run: it ${reason}`);

  return {
    async of(image, signal) {
      const plugins = new Map<RegistryEntry, string>();
      const problems: string[] = [...notRun];
      for (const { name, matches, ask } of askers) {
        if (!matches(image)) continue;
        const answer = await untilAborted(ask(image), signal);
        if ('entries' in answer) for (const entry of answer.entries) plugins.set(entry, name);
        else if (answer.tooLate) throw new CredentialsMissing(`plugin ${name}: ${answer.problem}`);
        else problems.push(`plugin ${name}: ${answer.problem}`);
      }
      // To the kubelet all answers are one keyring.
      const credentials = matchCredentials([...plugins.keys()], image).map(entry => ({
        from: `plugin ${plugins.get(entry)}`,
        username: entry.username,
        password: entry.password,
      }));
      return { credentials, problems };
    },
  };
}

function createAsker(
  provider: CredentialProvider,
  { binDir, timeoutMs, clock, metrics, run }: Omit<PluginsParts, keyof ProviderConfig>,
) {
  const { name, apiVersion, matchImages, args } = provider;
  const env = Object.fromEntries(provider.env.map(({ name: variable, value }) => [variable, value]));
  const cache = createProviderCache(provider);
  const asking = new Map<ImageRef, Promise<Answer>>();

  const askPlugin = async (image: ImageRef): Promise<Answer> => {
    const { signal } = new AbortController();
    const input = providerRequest(apiVersion, image);
    const outcome = await run({ file: join(binDir, name), args, env, input, timeoutMs }, signal);
    if ('problem' in outcome) return outcome;
    const response = parseProviderResponse(outcome.output, apiVersion);
    if ('problem' in response) return response;
    cache.keep(image, response, clock.monotonicMs());
    return response;
  };

  /** Has no caller's signal: when one caller leaves, the others still wait. */
  const start = async (image: ImageRef): Promise<Answer> => {
    const startedMs = clock.monotonicMs();
    try {
      const answer = await askPlugin(image);
      const result = 'entries' in answer ? 'answered' : answer.tooLate ? 'too_late' : 'failed';
      metrics?.pluginRan(name, result, clock.monotonicMs() - startedMs);
      return answer;
    } finally {
      asking.delete(image);
    }
  };

  return {
    name,
    matches: (image: ImageRef) => matchImages.some(pattern => matchesImage(pattern, image)),
    async ask(image: ImageRef): Promise<Answer> {
      const kept = cache.find(image, clock.monotonicMs());
      if (kept !== undefined) return { entries: kept };
      let answer = asking.get(image);
      if (answer === undefined) asking.set(image, (answer = start(image)));
      return answer;
    },
  };
}
