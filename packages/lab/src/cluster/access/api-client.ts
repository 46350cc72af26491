import { dirname, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { type HelmPrograms, helmPrograms } from '../../set-up/index.ts';
import { type RunOptions, type Say, type CommandPrefix, runIn } from '../../machine/index.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { Pki } from './pki.ts';

const ADMIN = { user: 'admin', groups: ['system:masters'] };

export interface TokenOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience?: string;
  /** At least ten minutes. */
  readonly durationSeconds?: number;
  /** Ends with it, and names it to TokenReview. */
  readonly boundTo?: { readonly kind: 'Pod' | 'Node' | 'Secret'; readonly name: string; readonly uid?: string };
}

/** What everybody who holds the cluster's keys can do with it. */
export interface ApiClient {
  /** The administrator's. */
  readonly kubeconfig: string;
  /** What kubectl and helm need in the environment: PATH, the administrator's kubeconfig, folders of their own. */
  readonly env: NodeJS.ProcessEnv;
  /** As the administrator; answers its output, throws with what it said. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** kubectl with a kubeconfig or input of one's own. */
  kubectlWith(options: ClientOptions, ...args: readonly string[]): Promise<string>;
  helm(...args: readonly string[]): Promise<string>;
  /** `kubectl apply` of YAML, JSON, or objects. */
  apply(manifest: string | object | readonly object[]): Promise<string>;
  /** The file of a user with a client certificate. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** The file of whoever the token names. */
  kubeconfigForToken(token: string): Promise<string>;
  /** A service account's token, as TokenRequest gives it. */
  createToken(options: TokenOptions): Promise<string>;
}

export type ClientOptions = Pick<RunOptions, 'input' | 'signal'> & { readonly kubeconfig?: string };

export interface ApiClientOptions {
  readonly dir: string;
  readonly prefix: CommandPrefix;
  readonly url: string;
  readonly pki: Pki;
  readonly say?: Say;
}

export async function createApiClient({ dir, prefix, url, pki, say }: ApiClientOptions): Promise<ApiClient> {
  const programs = await helmPrograms({ say });
  const folder = join(dir, 'client');
  mkdirSync(folder, { recursive: true });
  let written = 0;
  const write = (credential: Parameters<typeof writeKubeconfig>[1]['credential'], name = `${++written}`) =>
    writeKubeconfig(join(folder, `${name}.kubeconfig`), { url, caFile: pki.caFile, credential });
  const admin = await write(await pki.issue(ADMIN), 'admin');
  const run = (program: string, args: readonly string[], { kubeconfig = admin, ...options }: ClientOptions = {}) =>
    runIn(prefix, program, args, { ...options, env: environment(folder, kubeconfig, programs) });

  const client: ApiClient = {
    kubeconfig: admin,
    env: environment(folder, admin, programs),
    kubectl: (...args) => client.kubectlWith({}, ...args),
    kubectlWith: (options, ...args) => run(programs.kubectl, args, options),
    helm: (...args) => run(programs.helm, args),
    apply: manifest => client.kubectlWith({ input: textOf(manifest) }, 'apply', '-f', '-'),
    kubeconfigFor: async (user, groups = []) => write(await pki.issue({ user, groups })),
    kubeconfigForToken: token => write({ token }),
    createToken: async options => (await client.kubectl(...tokenArgs(options))).trim(),
  };
  return client;
}

/** Folders of its own, not the user's: kubectl's cache goes by address, and another cluster may have had the same port. */
function environment(folder: string, kubeconfig: string, { kubectl, helm }: HelmPrograms): NodeJS.ProcessEnv {
  return {
    PATH: [dirname(kubectl), dirname(helm), process.env.PATH].join(':'),
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(folder, 'cache'),
    HELM_CACHE_HOME: join(folder, 'helm/cache'),
    HELM_CONFIG_HOME: join(folder, 'helm/config'),
    HELM_DATA_HOME: join(folder, 'helm/data'),
  };
}

function textOf(manifest: string | object | readonly object[]): string {
  if (typeof manifest === 'string') return manifest;
  const items = Array.isArray(manifest) ? manifest : [manifest];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function tokenArgs({ namespace, serviceAccount, audience, durationSeconds, boundTo }: TokenOptions): string[] {
  const args = ['create', 'token', serviceAccount, `--namespace=${namespace}`];
  if (audience !== undefined) args.push(`--audience=${audience}`);
  if (durationSeconds !== undefined) args.push(`--duration=${durationSeconds}s`);
  if (boundTo !== undefined) args.push(`--bound-object-kind=${boundTo.kind}`, `--bound-object-name=${boundTo.name}`);
  if (boundTo?.uid !== undefined) args.push(`--bound-object-uid=${boundTo.uid}`);
  return args;
}
