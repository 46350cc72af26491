import type { ResourceRef } from '@kube-prefetch/protocol';
import { CliError, EXIT } from './cli-error.ts';

type Kind = ResourceRef['kind'];

/** As kubectl lets people write kinds. */
const KINDS: Readonly<Record<string, Kind>> = {
  ...kindNames('Prefetch', 'prefetch', 'prefetches', 'pf', 'prefetch.kube-prefetch.io', 'prefetches.kube-prefetch.io'),
  ...kindNames(
    'ClusterPrefetch',
    'clusterprefetch',
    'clusterprefetches',
    'cpf',
    'clusterprefetch.kube-prefetch.io',
    'clusterprefetches.kube-prefetch.io',
  ),
  ...kindNames('Prefetch.cache.techsquad.rocks', 'prefetch.cache.techsquad.rocks', 'prefetches.cache.techsquad.rocks'),
};

function kindNames(kind: Kind, ...names: readonly string[]): Record<string, Kind> {
  return Object.fromEntries(names.map(name => [name, kind]));
}

/** What somebody wrote: the kind is undefined where only a name was given. */
export interface WrittenResource {
  readonly kind: Kind | undefined;
  readonly name: string;
}

/** `web`, `pf/web`, `clusterprefetch/base`. Undefined where what is before the slash is no kind. */
export function readResourceName(text: string): WrittenResource | undefined {
  const [before = '', name, ...more] = text.split('/');
  if (name === undefined) return text === '' ? undefined : { kind: undefined, name: text };
  const kind = KINDS[before.toLowerCase()];
  return kind === undefined || name === '' || more.length > 0 ? undefined : { kind, name };
}

/** Throws for what is no name of a resource. */
export function parseResourceName(text: string): WrittenResource {
  const written = readResourceName(text);
  if (written !== undefined) return written;
  throw new CliError(
    `expected a resource such as web, prefetch/web or clusterprefetch/base, got ${JSON.stringify(text)}`,
    {
      exitCode: EXIT.usage,
    },
  );
}

/** Whether it means this resource; a Prefetch is looked for in the namespace. */
export function isMeant({ kind, name }: WrittenResource, ref: ResourceRef, namespace: string): boolean {
  if (kind !== undefined && kind !== ref.kind) return false;
  return ref.name === name && (ref.namespace === undefined || ref.namespace === namespace);
}

/** `prefetch/web`, as kubectl prints names where there are several kinds. */
export function shortName({ kind, name }: ResourceRef): string {
  return `${kind.toLowerCase()}/${name}`;
}

/** As `-o name` prints it: `prefetch.kube-prefetch.io/web`. */
export function fullName({ kind, name }: ResourceRef): string {
  return kind.includes('.') ? `${kind.toLowerCase()}/${name}` : `${kind.toLowerCase()}.kube-prefetch.io/${name}`;
}

/** As it is typed after `kubectl prefetch explain`: `prefetch/web -n shop`. */
export function inCommands({ kind, name }: WrittenResource, namespace: string): string {
  const place = kind === 'ClusterPrefetch' ? '' : ` -n ${namespace}`;
  return `${kind === undefined ? name : `${kind.toLowerCase()}/${name}`}${place}`;
}

/** With its namespace, for sentences: `prefetch/web in shop`. */
export function longName(ref: ResourceRef): string {
  return ref.namespace === undefined ? shortName(ref) : `${shortName(ref)} in ${ref.namespace}`;
}
