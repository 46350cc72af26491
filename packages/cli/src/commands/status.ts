import { errorText, type ResourcesQuery, type ResourcesView } from '@kube-prefetch/protocol';
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
  const asked = {
    ...(!options.allNamespaces && { namespace: context.namespace() }),
    ...(written && { name: [written.name] }),
  };
  const choose = (view: ResourcesView) => chooseEntries(context, view, written, options);
  if (options.watch) return watchStatus(context, asked, choose, options);
  const view = await views.resources(asked, signal);
  const entries = choose(view);
  const data = asData(options.output, name === undefined ? { resources: entries, gaps: view.gaps } : entries[0]);
  if (data !== undefined) return terminal.out(data);
  if (options.output === 'name') return terminal.out(entries.map(({ resource }) => `${fullName(resource)}\n`).join(''));
  if (entries.length === 0) return terminal.err(`${unreadText(context, view.gaps)}${nothingFound(context, options)}`);
  terminal.out(page(context, entries, view.gaps, options));
}

function chooseEntries(
  context: Context,
  view: ResourcesView,
  written: WrittenResource | undefined,
  options: StatusOptions,
): readonly ResourceEntry[] {
  const namespace = context.namespace();
  if (written === undefined) return entriesInScope(view, { namespace, all: options.allNamespaces === true });
  const entry = entryMeant(view, written, namespace);
  if (entry === undefined) throw noSuchResource(written, namespace);
  return [entry];
}

function nothingFound(context: Context, { allNamespaces }: StatusOptions): string {
  return allNamespaces
    ? 'No Prefetch and no ClusterPrefetch found.\n'
    : `No ClusterPrefetch found, and no Prefetch in namespace ${context.namespace()}. All namespaces: -A\n`;
}

/** What is not known, so that more may be wanted. */
function unreadText({ terminal: { paint } }: Context, gaps: readonly string[]): string {
  return gaps.map(gap => `${paint('busy', 'Cannot be read now')}: ${gap}\n`).join('');
}

function page(
  context: Context,
  entries: readonly ResourceEntry[],
  gaps: readonly string[],
  options: StatusOptions,
): string {
  const { paint, live } = context.terminal;
  const table = statusTable(entries, lookOf(options, { paint, bars: live }));
  if (!options.headers) return table;
  const why = `${unreadText(context, gaps)}${whyNotWarm(entries, paint)}`;
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
  asked: ResourcesQuery,
  choose: (view: ResourcesView) => readonly ResourceEntry[],
  options: StatusOptions,
): Promise<void> {
  const { terminal, clock, signal, views } = context;
  const drawn = terminal.live && options.output !== 'json' && options.output !== 'yaml' && options.output !== 'name';
  const screen = drawn ? createScreen(terminal) : undefined;
  const lines = createChangedLines(context, options);
  const following = views.follow(asked);
  let trouble = '';
  let shown = '';
  try {
    for (;;) {
      try {
        const view = await following.look(signal);
        const entries = choose(view);
        trouble = '';
        shown = entries.length === 0 ? nothingFound(context, options) : page(context, entries, view.gaps, options);
        if (screen !== undefined) screen.show(shown);
        else lines(entries);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CliError) throw error;
        const text = `${errorText(error)}\nTrying again.\n`;
        if (screen !== undefined) screen.show(`${shown}\n${text}`);
        else if (text !== trouble) terminal.err(text);
        trouble = text;
      }
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    following.close();
    screen?.close();
  }
}

/** Writes the entries that are not as they were before. */
function createChangedLines(context: Context, options: StatusOptions): (entries: readonly ResourceEntry[]) => void {
  const { terminal } = context;
  const before = new Map<string, string>();
  let begun = false;
  let saidNothing = false;
  return entries => {
    const changed = entries.filter(({ resource, status }) => {
      const name = `${resource.namespace ?? ''} ${fullName(resource)}`;
      const now = JSON.stringify([status.summary, status.failures, isWarm(status)]);
      if (before.get(name) === now) return false;
      before.set(name, now);
      return true;
    });
    if (entries.length === 0 && !saidNothing) terminal.err(nothingFound(context, options));
    saidNothing = entries.length === 0;
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
