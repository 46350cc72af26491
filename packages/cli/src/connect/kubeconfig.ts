import type { RequestOptions } from 'node:https';
import { errorText } from '@kube-prefetch/protocol';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { CliError, EXIT } from '../print/cli-error.ts';

// The package's index loads a class for every object that Kubernetes has.

/** As kubectl's flags of the same names. */
export interface KubeconfigChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
}

/** Who the person is for the API server, and where that is. */
export interface KubeAccess {
  readonly server: URL;
  /** The context's: where resources are looked for unless the person says so. */
  readonly namespace: string;
  /** Reads files and runs programs, as the kubeconfig says; programs are run again once their answer has expired. */
  authenticate(): Promise<RequestOptions>;
}

/** From `--kubeconfig`, `$KUBECONFIG`, `~/.kube/config` or the ServiceAccount of the pod, as kubectl. */
export function loadAccess(choice: KubeconfigChoice): KubeAccess {
  const config = loadConfig(choice);
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) {
    throw new CliError(
      `no API server: the kubeconfig has no context ${JSON.stringify(config.currentContext)} whose cluster has a server`,
      {
        exitCode: EXIT.usage,
        hints: [
          'Name a kubeconfig with --kubeconfig or $KUBECONFIG, and one of its contexts with --context.',
          'Without Kubernetes: --server http://127.0.0.1:7071 asks a coordinator of this machine.',
        ],
      },
    );
  }
  const namespace = config.getContextObject(config.currentContext)?.namespace;
  return {
    server: new URL(cluster.server),
    namespace: namespace || 'default',
    authenticate: () => authenticate(config),
  };
}

/** Made of `--cluster` and `--user`; a kubeconfig cannot have it. */
const COMPOSED = ' composed ';

function loadConfig({ kubeconfig, context, cluster, user }: KubeconfigChoice): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new CliError(`the kubeconfig cannot be read: ${errorText(cause)}`, { exitCode: EXIT.usage, cause });
  }
  // Without TLS nothing is verified; client-node wants that said, and kubectl does not.
  config.clusters = config.clusters.map(each =>
    each.server.startsWith('http:') ? { ...each, skipTLSVerify: true } : each,
  );
  const choose = (what: string, wanted: string | undefined, known: readonly { readonly name: string }[]) => {
    if (wanted === undefined || known.some(({ name }) => name === wanted)) return;
    const names = known.map(({ name }) => name).join(', ') || 'none';
    throw new CliError(`the kubeconfig has no ${what} ${JSON.stringify(wanted)}, it has: ${names}`, {
      exitCode: EXIT.usage,
    });
  };
  choose('context', context, config.contexts);
  choose('cluster', cluster, config.clusters);
  choose('user', user, config.users);
  if (context !== undefined) config.setCurrentContext(context);
  if (cluster === undefined && user === undefined) return config;
  const current = config.getContextObject(config.currentContext);
  const composed = {
    ...current,
    name: COMPOSED,
    cluster: cluster ?? current?.cluster ?? '',
    user: user ?? current?.user ?? '',
  };
  config.contexts = [...config.contexts, composed];
  config.setCurrentContext(COMPOSED);
  return config;
}

async function authenticate(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new CliError(`the kubeconfig's user cannot be authenticated: ${errorText(cause)}`, { cause });
  }
  const headers = options.headers as Record<string, string> | undefined;
  // A token file ends with a newline, which a header must not contain.
  const authorization = headers?.Authorization?.trim();
  return { ...options, headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) } };
}
