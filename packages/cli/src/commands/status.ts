import { errorText, type Overview } from '@kube-prefetch/protocol';
import { CliError } from '../print/cli-error.ts';
import type { Context } from '../connect/context.ts';
import {
  isWarm,
  type ResourceEntry,
  statusTable,
  summaryLine,
  type TableLook,
  whyNotWarm,
} from '../print/status-table.ts';
import { createScreen } from '../print/terminal.ts';
import { fullName, parseResourceName, type WrittenResource } from '../print/resource-name.ts';
import { entriesInScope, entryMeant, noSuchResource } from './choose-entries.ts';
import { asData, type OutputFormat } from './output.ts';

export interface StatusOptions {
  readonly allNamespaces?: boolean;
  readonly output?: OutputFormat;
  readonly watch?: boolean;
  readonly headers: boolean;
}

const LOOK_EVERY_MS = 1_000;

/** What is warm and what is not, and why. */
export async function showStatus(context: Context, name: string | undefined, options: StatusOptions): Promise<void> {
  const { terminal, views, signal } = context;
  const written = name === undefined ? undefined : parseResourceName(name);
  const choose = (overview: Overview) => chooseEntries(context, overview, written, options);
  if (options.watch) return watchStatus(context, choose, options);
  const overview = await views.overview(signal);
  const entries = choose(overview);
  const data = asData(options.output, name === undefined ? { resources: entries, gaps: overview.gaps } : entries[0]);
  if (data !== undefined) return terminal.out(data);
  if (options.output === 'name') return terminal.out(entries.map(({ resource }) => `${fullName(resource)}\n`).join(''));
  if (entries.length === 0) return terminal.err(nothingFound(context, options));
  terminal.out(page(context, entries, overview.gaps, options));
}

function chooseEntries(
  context: Context,
  overview: Overview,
  written: WrittenResource | undefined,
  options: StatusOptions,
): readonly ResourceEntry[] {
  const namespace = context.namespace();
  if (written === undefined) return entriesInScope(overview, { namespace, all: options.allNamespaces === true });
  const entry = entryMeant(overview, written, namespace);
  if (entry === undefined) throw noSuchResource(written, namespace);
  return [entry];
}

function nothingFound(context: Context, { allNamespaces }: StatusOptions): string {
  return allNamespaces
    ? 'No Prefetch and no ClusterPrefetch found.\n'
    : `No ClusterPrefetch found, and no Prefetch in namespace ${context.namespace()}. All namespaces: -A\n`;
}

function page(
  { terminal: { paint, live } }: Context,
  entries: readonly ResourceEntry[],
  gaps: readonly string[],
  options: StatusOptions,
): string {
  const table = statusTable(entries, lookOf(options, { paint, bars: live }));
  if (!options.headers) return table;
  const unread = gaps.map(gap => `${paint('busy', 'Cannot be read now')}: ${gap}\n`).join('');
  const why = `${unread}${whyNotWarm(entries, paint)}`;
  return `${table}\n${summaryLine(entries, paint)}${why === '' ? '' : `\n${why}`}`;
}

function lookOf(options: StatusOptions, look: Pick<TableLook, 'paint' | 'bars'>): TableLook {
  const { allNamespaces: namespaces = false, headers, output } = options;
  return { ...look, namespaces, headers, wide: output === 'wide' };
}

/**
 * A person sees the whole page, drawn anew; elsewhere, as in the log of a pipeline, a line is written when something has changed.
 * Ends with Ctrl-C.
 */
async function watchStatus(
  context: Context,
  choose: (overview: Overview) => readonly ResourceEntry[],
  options: StatusOptions,
): Promise<void> {
  const { terminal, clock, signal, views } = context;
  const drawn = terminal.live && options.output !== 'json' && options.output !== 'yaml' && options.output !== 'name';
  const screen = drawn ? createScreen(terminal) : undefined;
  const lines = createChangedLines(context, options);
  try {
    for (;;) {
      try {
        const overview = await views.overview(signal);
        const entries = choose(overview);
        if (screen !== undefined) screen.show(page(context, entries, overview.gaps, options));
        else lines(entries);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CliError) throw error;
        if (screen === undefined) terminal.err(`${errorText(error)}\n`);
        else screen.show(`${errorText(error)}\nTrying again.\n`);
      }
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    screen?.close();
  }
}

/** Writes the entries that are not as they were before. */
function createChangedLines(
  { terminal }: Context,
  options: StatusOptions,
): (entries: readonly ResourceEntry[]) => void {
  const before = new Map<string, string>();
  let begun = false;
  return entries => {
    const changed = entries.filter(({ resource, status }) => {
      const name = `${resource.namespace ?? ''} ${fullName(resource)}`;
      const now = JSON.stringify([status.summary, status.failures, isWarm(status)]);
      if (before.get(name) === now) return false;
      before.set(name, now);
      return true;
    });
    if (changed.length === 0) return;
    const text =
      changed.map(entry => asData(options.output, entry) ?? '').join('') ||
      (options.output === 'name'
        ? changed.map(({ resource }) => `${fullName(resource)}\n`).join('')
        : statusTable(changed, {
            ...lookOf(options, { paint: terminal.paint, bars: false }),
            headers: options.headers && !begun,
          }));
    begun = true;
    terminal.out(text);
  };
}
