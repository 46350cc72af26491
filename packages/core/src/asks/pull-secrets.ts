import { memoise, shareEqual } from '../memoise.ts';
import type { ClusterState, PodSpec, Resource, ServiceAccount } from '../state/cluster-state.ts';

/** A Secret by name. */
export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
}

/** Where the credentials of a pull come from: names, no contents. Equal ones are the same object. */
export interface PullSecrets {
  /** The pod's, or its ServiceAccount's, as the kubelet puts them together; after it the resource's. None is empty. */
  readonly keyrings: readonly (readonly SecretRef[])[];
  /** A ServiceAccount, `shop/web`, whose secrets would count, and which does not exist or could not be read. */
  readonly account?: { readonly name: string; readonly lacks: 'object' | 'reading' };
}

/** As it is written in messages, and a key. */
export function secretName({ namespace, name }: SecretRef): string {
  return `${namespace}/${name}`;
}

/** Of one pod, and of one resource. The kubelet has no bound. */
const MAX_SECRETS = 32;

/** Says for each resource which secrets its pulls may use: of a pod, or of none for images named outright. */
export type ChoosePullSecrets = (resource: Resource) => (pod?: { spec: PodSpec; namespace: string }) => PullSecrets;

/**
 * | who                 | secrets                                                          | of which namespace        |
 * | ------------------- | ---------------------------------------------------------------- | ------------------------- |
 * | a pod               | its own; where it names none, as admission does: its ServiceAccount's | the pod's            |
 * | a resource that pulls by pods of its own | the pod's names, or those of `default` | the resource's      |
 * | a Prefetch          | those of its spec                                                | its own                   |
 * | a ClusterPrefetch   | those of its spec                                                | the coordinator's         |
 */
export function choosePullSecrets({
  ownNamespace,
  serviceAccounts,
}: Pick<ClusterState, 'ownNamespace' | 'serviceAccounts'>): ChoosePullSecrets {
  const none = share({ keyrings: [] });
  if (ownNamespace === undefined) return () => () => none;
  const accounts = serviceAccounts && accountsByName(serviceAccounts);
  return ({ ref, spec, ownPods }) => {
    const own = refs(
      ref.namespace ?? ownNamespace,
      spec.imagePullSecrets.map(({ name }) => name),
    );
    const alone = share({ keyrings: [own] });
    return pod => {
      if (pod === undefined) return alone;
      const { spec: written, namespace } = pod;
      const pulling = ownPods
        ? { spec: { ...written, serviceAccountName: 'default' }, namespace: ref.namespace ?? namespace }
        : pod;
      const { names, account } = secretsOfPod(pulling, accounts);
      return share({ keyrings: [refs(pulling.namespace, names), own], ...(account && { account }) });
    };
  };
}

/** The ServiceAccount whose secrets a pod gets at admission; undefined: it names one itself, if only by an empty name, and gets none. */
export function accountOf({ imagePullSecrets = [], serviceAccountName = 'default' }: PodSpec): string | undefined {
  return imagePullSecrets.length > 0 ? undefined : serviceAccountName;
}

function secretsOfPod(
  { spec, namespace }: { spec: PodSpec; namespace: string },
  accounts: ReadonlyMap<string, ServiceAccount> | undefined,
): { names: readonly string[]; account?: PullSecrets['account'] } {
  const accountName = accountOf(spec);
  if (accountName === undefined) return { names: spec.imagePullSecrets ?? [] };
  const name = secretName({ namespace, name: accountName });
  const account = accounts?.get(name);
  if (account !== undefined) return { names: account.imagePullSecrets };
  return { names: [], account: { name, lacks: accounts === undefined ? 'reading' : 'object' } };
}

function refs(namespace: string, names: readonly string[]): readonly SecretRef[] {
  const given = [...new Set(names)].filter(name => name !== '').slice(0, MAX_SECRETS);
  return given.map(name => ({ namespace, name }));
}

const accountsByName = memoise(
  (accounts: readonly ServiceAccount[]): ReadonlyMap<string, ServiceAccount> =>
    new Map(accounts.map(account => [secretName(account), account])),
);

function share({ keyrings, ...account }: PullSecrets): PullSecrets {
  return shareSecrets({ keyrings: keyrings.filter(keyring => keyring.length > 0), ...account });
}

/** The same text for equal ones, in every process. */
export const pullSecretsKey = memoise(({ keyrings, account }: PullSecrets): string =>
  JSON.stringify([keyrings.map(keyring => keyring.map(secretName)), account?.name, account?.lacks]),
);

const shareSecrets = shareEqual(pullSecretsKey);

/** Whether credentials must be asked for before a pull. */
export function bringsSecrets({ keyrings, account }: PullSecrets): boolean {
  return keyrings.length > 0 || account !== undefined;
}
