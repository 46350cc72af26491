import { readManifests } from '@kube-prefetch/cluster';
import { accountOf } from '@kube-prefetch/core';
import type { LabelSelector } from '@kube-prefetch/protocol';
import { type Clock, dateOf, withDeadline } from '@kube-prefetch/time';
import { type Kube, type KubeAnswer, KubeRefusal } from '../connect/kube.ts';
import type { Context } from '../connect/context.ts';
import { CliError, EXIT } from '../print/cli-error.ts';
import { countNoun, durationText } from '../print/quantities.ts';
import { readAccountSecrets, withAccountSecrets } from '../warm/account-secrets.ts';
import {
  EXPIRES_ANNOTATION,
  toWarmResources,
  WARM_LABEL,
  WARM_LABEL_VALUE,
  type WarmResource,
} from '../warm/warm-resources.ts';
import { readInput, shown } from './read-input.ts';
import { waitUntil } from './wait.ts';

export interface WarmOptions {
  readonly filename?: string;
  readonly nodes?: LabelSelector;
  readonly pullSecret?: readonly string[];
  readonly wait?: boolean;
  readonly keep?: boolean;
  readonly ttl?: number;
  readonly timeout: number;
}

/** Without --wait nobody is there to clean up. */
const USUAL_TTL_MS = 3_600_000;
/** Beyond its own timeout: then the run that made it is certainly gone. */
const GRACE_MS = 3_600_000;
const CLEAN_UP_WITHIN_MS = 10_000;

/**
 * Has images pulled where their pods may run, before anything is rolled out. The resources that it makes are deleted when the
 * images are there, when they cannot be, and on Ctrl-C; agents delete no image because of that.
 */
export async function warm(context: Context, images: readonly string[], options: WarmOptions): Promise<void> {
  const { terminal, clock, signal } = context;
  const kube = context.needKube('warm');
  const { resources, notes } = await resourcesWanted(context, kube, images, options);
  for (const note of notes) terminal.err(`${note}\n`);
  const made: Made[] = [];
  let keep = false;
  try {
    for (const namespace of new Set(resources.map(({ metadata }) => metadata.namespace)))
      await deleteExpired(kube, namespace, clock, signal);
    for (const resource of resources) {
      const one = await create(kube, resource, signal);
      made.push(one);
      terminal.err(
        `Made prefetch/${one.name} in ${one.namespace} for ${countNoun(resource.spec.images.length, 'image')}\n`,
      );
    }
    if (options.wait) await untilWarm(context, made, options);
    keep = !options.wait || options.keep === true || options.ttl !== undefined;
  } finally {
    if (!keep) await remove(context, kube, made);
  }
  report(context, made, resources, options);
}

interface Made {
  readonly namespace: string;
  readonly name: string;
  readonly uid: unknown;
}

async function resourcesWanted(context: Context, kube: Kube, images: readonly string[], options: WarmOptions) {
  const { filename, nodes, pullSecret = [] } = options;
  if (options.keep && options.ttl !== undefined) throw usage('--keep and --ttl exclude each other');
  const namespace = context.namespace();
  const { workloads, serviceAccounts, problems } =
    filename === undefined ? NOTHING : readManifests(await readInput(filename), namespace);
  if (problems.length > 0)
    throw usage(`${shown(filename ?? '')} cannot be read: ${problems[0]}`, problems.slice(1, 10));
  const expires = options.keep ? undefined : expiryOf(options, context.clock);
  const accounts = workloads.flatMap(({ namespace: place, pod }) => {
    const account = accountOf(pod);
    return account === undefined ? [] : [{ namespace: place, account }];
  });
  const outright = images.length > 0 && pullSecret.length === 0;
  const needed = outright ? [...accounts, { namespace, account: 'default' }] : accounts;
  const secrets = await readAccountSecrets(kube, needed, serviceAccounts, context.signal);
  const wanted = toWarmResources({
    images,
    workloads: withAccountSecrets(workloads, secrets),
    namespace,
    nodes,
    pullSecrets: pullSecret,
    imageSecrets: outright ? secrets.of(namespace, 'default') : [],
    expires,
  });
  if (wanted.resources.length > 0) return { ...wanted, notes: [...secrets.notes, ...wanted.notes] };
  if (filename === undefined) throw usage('name images, or manifests with -f');
  throw usage(`${shown(filename)} has no workload with an image`);
}

const NOTHING = { workloads: [], serviceAccounts: [], problems: [] } as const;

function usage(message: string, hints: readonly string[] = []): CliError {
  return new CliError(message, { exitCode: EXIT.usage, hints });
}

function expiryOf({ wait, ttl, timeout }: WarmOptions, clock: Clock): string {
  const ms = wait ? timeout + (ttl ?? GRACE_MS) : (ttl ?? USUAL_TTL_MS);
  return dateOf(clock.wallMs() + ms).toISOString();
}

function collection(namespace: string): string {
  return `/apis/kube-prefetch.io/v1alpha1/namespaces/${encodeURIComponent(namespace)}/prefetches`;
}

async function create(kube: Kube, resource: WarmResource, signal: AbortSignal): Promise<Made> {
  const { namespace } = resource.metadata;
  const call = { method: 'POST', path: collection(namespace), body: resource } as const;
  try {
    const { metadata } = await kube.call(call, signal);
    return { namespace, name: metadata?.name ?? '', uid: metadata?.uid };
  } catch (error) {
    if (!(error instanceof KubeRefusal)) throw error;
    const hints =
      error.status === 403 ? [`You need create, list and delete on prefetches.kube-prefetch.io in ${namespace}.`] : [];
    throw new CliError(`no Prefetch could be made in ${namespace}: ${error.message}`, { hints, cause: error });
  }
}

/** What earlier runs that were killed left behind. Where that may not be done, it is left to somebody else. */
async function deleteExpired(kube: Kube, namespace: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const query = { labelSelector: `${WARM_LABEL}=${WARM_LABEL_VALUE}` };
  try {
    const { items = [] } = await kube.call({ method: 'GET', path: collection(namespace), query }, signal);
    for (const item of items.filter(each => isExpired(each, clock)))
      await kube.call({ method: 'DELETE', path: `${collection(namespace)}/${item.metadata?.name}` }, signal);
  } catch (error) {
    if (!(error instanceof KubeRefusal)) throw error;
  }
}

function isExpired({ metadata }: KubeAnswer, clock: Clock): boolean {
  const annotations = metadata?.annotations as Record<string, unknown> | undefined;
  const expires = annotations?.[EXPIRES_ANNOTATION];
  return typeof expires === 'string' && expires < dateOf(clock.wallMs()).toISOString();
}

/** One namespace after the other: all of them are being pulled meanwhile. */
async function untilWarm(context: Context, made: readonly Made[], { timeout }: WarmOptions): Promise<void> {
  const endMs = context.clock.monotonicMs() + timeout;
  for (const [namespace, own] of Map.groupBy(made, each => each.namespace)) {
    const wanted = own.map(({ name }) => ({ kind: 'Prefetch', name }) as const);
    const left = Math.max(1, endMs - context.clock.monotonicMs());
    await waitUntil({ ...context, namespace: () => namespace }, wanted, { for: 'warm', timeout: left });
  }
}

/** Also after Ctrl-C, so by a signal of its own. */
async function remove({ terminal, clock }: Context, kube: Kube, made: readonly Made[]): Promise<void> {
  const never = new AbortController().signal;
  for (const { namespace, name, uid } of made) {
    const path = `${collection(namespace)}/${encodeURIComponent(name)}`;
    const body = { preconditions: { uid } };
    try {
      await withDeadline(clock, CLEAN_UP_WITHIN_MS, never, 'the clean-up', inTime =>
        kube.call({ method: 'DELETE', path, body }, inTime),
      );
    } catch (error) {
      if (error instanceof KubeRefusal && error.status === 404) continue;
      terminal.err(
        `prefetch/${name} in ${namespace} is left behind: ${(error as Error).message}\n  kubectl delete prefetch ${name} -n ${namespace}\n`,
      );
    }
  }
}

function report(
  { terminal }: Context,
  made: readonly Made[],
  resources: readonly WarmResource[],
  { wait, keep, ttl }: WarmOptions,
): void {
  const images = new Set(resources.flatMap(({ spec }) => spec.images)).size;
  if (wait) terminal.out(`${countNoun(images, 'image')} ${images === 1 ? 'is' : 'are'} warm\n`);
  else for (const { name } of made) terminal.out(`prefetch.kube-prefetch.io/${name}\n`);
  if (keep || (wait && ttl === undefined)) return;
  terminal.err(
    `Deleted by the first \`kubectl prefetch warm\` in its namespace that runs in ${durationText(ttl ?? USUAL_TTL_MS)} or later\n`,
  );
}
