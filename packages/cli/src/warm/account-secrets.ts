import { accountOf, type ServiceAccount, type Workload } from '@kube-prefetch/core';
import type { Kube, KubeAnswer } from '../connect/kube.ts';
import { KubeRefusal } from '../connect/kube.ts';

/** Names of pull secrets by ServiceAccount, and a sentence for each that cannot be read. */
export interface AccountSecrets {
  of(namespace: string, account: string): readonly string[];
  readonly notes: readonly string[];
}

const ACCOUNTS_AT_ONCE = 8;

/** Each workload with the pull secrets that its pods get at admission: those of its ServiceAccount, where it names none itself. */
export function withAccountSecrets(workloads: readonly Workload[], secrets: AccountSecrets): readonly Workload[] {
  return workloads.map(workload => {
    const account = accountOf(workload.pod);
    if (account === undefined) return workload;
    return { ...workload, pod: { ...workload.pod, imagePullSecrets: secrets.of(workload.namespace, account) } };
  });
}

/**
 * Reads the ServiceAccounts of workloads, and `default` where images are named outright, as a pod of theirs would have it. What is rolled
 * out together with its workloads is not in the cluster yet, and the next one counts: `written`.
 */
export async function readAccountSecrets(
  kube: Kube,
  needed: readonly { readonly namespace: string; readonly account: string }[],
  written: readonly ServiceAccount[],
  signal: AbortSignal,
): Promise<AccountSecrets> {
  const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;
  const known = new Map(
    written.map(({ namespace, name, imagePullSecrets }) => [keyOf(namespace, name), imagePullSecrets]),
  );
  const missing = new Map(needed.map(each => [keyOf(each.namespace, each.account), each]));
  for (const key of known.keys()) missing.delete(key);
  const notes: string[] = [];
  const rest = [...missing];
  while (rest.length > 0)
    await Promise.all(
      rest.splice(0, ACCOUNTS_AT_ONCE).map(async ([key, { namespace, account }]) => {
        const names = await readAccount(kube, namespace, account, signal);
        if (typeof names === 'string') notes.push(`ServiceAccount ${key} ${names}`);
        else known.set(key, names);
      }),
    );
  return { of: (namespace, account) => known.get(keyOf(namespace, account)) ?? [], notes: notes.sort() };
}

/** Names, or why there are none. */
async function readAccount(
  kube: Kube,
  namespace: string,
  account: string,
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}`;
  try {
    const { imagePullSecrets } = await kube.call<KubeAnswer & { imagePullSecrets?: readonly { name?: unknown }[] }>(
      { method: 'GET', path },
      signal,
    );
    return (imagePullSecrets ?? []).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  } catch (error) {
    if (!(error instanceof KubeRefusal)) throw error;
    if (error.status === 404) return 'does not exist: no pull secrets of it are used';
    return `cannot be read, and no pull secrets of it are used (${error.message}). Name them with --pull-secret, or get the right: get on serviceaccounts in ${namespace}`;
  }
}
