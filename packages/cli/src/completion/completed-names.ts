import { parseArgs } from 'node:util';
import { withDeadline } from '@kube-prefetch/time';
import { type Context, createContext, type GlobalOptions } from '../connect/context.ts';
import { shortName } from '../print/resource-name.ts';
import { entriesInScope } from '../commands/choose-entries.ts';

/** What may be typed, and what a shell shows beside it. */
export interface CompletedName {
  readonly word: string;
  readonly says: string;
}

/** What of the cluster may be typed next. */
export interface CompletedNames {
  readonly resources: readonly CompletedName[];
  readonly nodes: readonly CompletedName[];
}

export const NO_NAMES: CompletedNames = { resources: [], nodes: [] };

/** A shell waits for it. */
const WITHIN_MS = 2_000;
const MAX_NAMES = 200;
const COMMANDS = ['status', 'explain', 'wait'];
const OPTIONS = ['namespace', 'kubeconfig', 'context', 'cluster', 'user'] as const;

/** For what is typed so far; none where no command wants them, or the coordinator does not answer soon. */
export async function completeNames(
  words: readonly string[],
  surroundings: Pick<Context, 'terminal' | 'clock' | 'signal'>,
): Promise<CompletedNames> {
  if (!COMMANDS.includes(words[0] ?? '')) return NO_NAMES;
  const { clock, signal } = surroundings;
  try {
    return await withDeadline(clock, WITHIN_MS, signal, 'completion', async inTime => {
      const terminal = { ...surroundings.terminal, err: () => {} };
      const context = createContext(optionsIn(words), { ...surroundings, terminal, signal: inTime });
      const namespace = context.namespace();
      const overview = words[0] === 'explain' ? await context.views.overview(inTime) : undefined;
      const entries = entriesInScope(overview ?? (await context.views.resources({ namespace }, inTime)), {
        namespace,
        all: false,
      });
      return {
        resources: entries
          .slice(0, MAX_NAMES)
          .map(({ resource, status }) => ({ word: shortName(resource), says: `${status.warm} present` })),
        nodes: (overview?.nodes ?? []).slice(0, MAX_NAMES).map(({ name, agent }) => ({ word: name, says: agent })),
      };
    });
  } catch {
    return NO_NAMES;
  }
}

/** Whatever else is typed is not looked at: it may not be finished. */
function optionsIn(words: readonly string[]): GlobalOptions {
  const text = { type: 'string' } as const;
  const options = {
    ...Object.fromEntries(OPTIONS.map(name => [name, text])),
    namespace: { ...text, short: 'n' },
    server: text,
    coordinator: text,
  };
  const { values } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true });
  const chosen = OPTIONS.flatMap(name => (typeof values[name] === 'string' ? [[name, values[name]]] : []));
  const server = values.server ?? process.env.KUBECTL_PREFETCH_SERVER;
  const url = typeof server === 'string' ? URL.parse(server) : null;
  const lease = values.coordinator ?? process.env.KUBECTL_PREFETCH_COORDINATOR;
  const [namespace, name] = typeof lease === 'string' ? lease.split('/') : [];
  return {
    ...Object.fromEntries(chosen),
    ...(url !== null && { server: url }),
    ...(namespace && name && { coordinator: { namespace, name } }),
  };
}
