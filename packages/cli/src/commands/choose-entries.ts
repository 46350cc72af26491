import type { ResourcesView } from '@kube-prefetch/protocol';
import { CliError, EXIT } from '../print/cli-error.ts';
import type { ResourceEntry } from '../print/status-table.ts';
import { isMeant, longName, type WrittenResource } from '../print/resource-name.ts';

/** The Prefetches of the namespace, or all, and every ClusterPrefetch. */
export function entriesInScope(
  { resources }: ResourcesView,
  { namespace, all }: { readonly namespace: string; readonly all: boolean },
): readonly ResourceEntry[] {
  const inScope = resources.filter(({ resource }) => all || [undefined, namespace].includes(resource.namespace));
  const key = ({ resource }: ResourceEntry) => `${resource.namespace ?? ''}/${resource.name}`;
  return inScope.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The one that is meant; undefined where there is none. Throws where it may be either of two. */
export function entryMeant(
  { resources }: ResourcesView,
  written: WrittenResource,
  namespace: string,
): ResourceEntry | undefined {
  const found = resources.filter(({ resource }) => isMeant(written, resource, namespace));
  if (found.length < 2) return found[0];
  const names = found.map(({ resource }) => longName(resource)).join(' or ');
  throw new CliError(`${written.name} is ${names}: write which one`, { exitCode: EXIT.usage });
}

export function noSuchResource({ kind, name }: WrittenResource, namespace: string): CliError {
  const what =
    kind === undefined ? `Prefetch ${name} in namespace ${namespace}, and no ClusterPrefetch` : `${kind} ${name}`;
  const where = kind === undefined || kind === 'ClusterPrefetch' ? '' : ` in namespace ${namespace}`;
  return new CliError(`the coordinator knows no ${what}${where}`, {
    hints: ['Every one that there is: kubectl prefetch status -A'],
  });
}
