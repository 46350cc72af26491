import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runProgram, startServer } from '@kube-prefetch/lab/machine';
import { goBuild, goModule } from '@kube-prefetch/lab/set-up';
import { type Fixture, until } from './fixture.ts';
import { namespace } from './objects.ts';
import { SOON_MS } from '../patience.ts';

/** As in `argocd/go.mod`. */
const VERSION = 'v3.5.7';
const NAMESPACE = 'argocd';
const REDIS = '127.0.0.1:6379';
const REPO_SERVER = '127.0.0.1:8081';
const DEFINITIONS = ['application', 'appproject'];

export function buildArgocd(): Promise<string> {
  const source = join(import.meta.dirname, 'argocd');
  return goBuild({ name: 'argocd', source, takes: 'about 4 minutes on 2 cores' });
}

export interface SyncState {
  readonly phase: string;
  readonly message: string;
  readonly syncResult?: { readonly resources?: readonly SyncedResource[] };
}

interface SyncedResource {
  readonly kind: string;
  readonly hookPhase: string;
  readonly message: string;
}

export interface Argocd {
  /** Commits the manifests, and asks for a sync to them as `argocd app sync` does. */
  sync(manifests: string): Promise<void>;
  /** Of the sync that was asked for last. */
  state(): Promise<SyncState | undefined>;
  close(): Promise<void>;
}

/**
 * Argo CD's application controller and repo server outside of the cluster, with our health scripts in their ConfigMap, and one
 * application from a repository in the folder.
 */
export async function startArgocd({ cluster, get }: Fixture, folder: string, destination: string): Promise<Argocd> {
  const program = join(await buildArgocd(), 'argocd');
  const module = await goModule('github.com/argoproj/argo-cd/v3', VERSION);
  const files = DEFINITIONS.map(name => join(module, `manifests/crds/${name}-crd.yaml`));
  // Longer than what `apply` notes in an annotation may be.
  for (const file of files) await cluster.kubectlWith({ input: readFileSync(file, 'utf8') }, 'create', '-f', '-');
  await cluster.apply([namespace(NAMESPACE), namespace(destination)]);
  await cluster.kubectl('apply', '-f', resolve('examples/argocd/argocd-cm.yaml'));
  const repository = join(folder, 'repository');
  const objects = [...settings(), application(`file://${repository}`, destination)];
  await until('the definitions to be served', async () => (await cluster.apply(objects)).includes('shop'));

  // The repo server starts it; Argo CD's image has it on the PATH.
  const wrapper = join(folder, 'bin/git-verify-wrapper.sh');
  mkdirSync(dirname(wrapper));
  writeFileSync(wrapper, readFileSync(join(module, 'hack/git-verify-wrapper.sh')), { mode: 0o755 });
  const env = {
    ...cluster.env,
    PATH: `${dirname(wrapper)}:${cluster.env.PATH}`,
    HOME: folder,
    TMPDIR: folder,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_TLS_DATA_PATH: folder,
    ARGOCD_SSH_DATA_PATH: folder,
  };
  /** A sync that does not reach the repo server within three seconds has failed for good. */
  const listens = async (address: string) => {
    await cluster.inControlPlane('bash', '-c', `</dev/tcp/${address.replace(':', '/')}`);
    return true;
  };
  const start = async (name: string, args: readonly string[], ready: () => Promise<boolean> = async () => true) => {
    const { child } = await startServer({
      name: `argocd ${name}`,
      command: 'nsenter',
      args: ['--target', String(cluster.pid), '--net', '--', program, name, ...args],
      env,
      logFile: join(folder, `${name}.log`),
      serves: name,
      ready,
      readyMs: SOON_MS,
    });
    return child;
  };
  const local = ['--address=127.0.0.1', '--metrics-address=127.0.0.1'];
  const children = [
    await start('redis', [REDIS], () => listens(REDIS)),
    await start('repo-server', [`--redis=${REDIS}`, ...local], () => listens(REPO_SERVER)),
    await start('application-controller', [
      `--redis=${REDIS}`,
      `--repo-server=${REPO_SERVER}`,
      `--namespace=${NAMESPACE}`,
    ]),
  ];

  const git = (...args: readonly string[]) =>
    runProgram('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@example.com', ...args]);
  await git('init', '--quiet', repository);
  return {
    async sync(manifests) {
      await runProgram('tee', [join(repository, 'shop.yaml')], { input: manifests });
      await git('-C', repository, 'add', '--all');
      await git('-C', repository, 'commit', '--quiet', '--allow-empty', '--message=release');
      const revision = (await git('-C', repository, 'rev-parse', 'HEAD')).trim();
      const patch = { operation: { initiatedBy: { username: 'e2e' }, sync: { revision } } };
      await cluster.kubectl(
        'patch',
        'application/shop',
        `-n=${NAMESPACE}`,
        '--type=merge',
        '-p',
        JSON.stringify(patch),
      );
    },
    async state() {
      const { status, operation } = await get<{ status?: { operationState?: SyncState }; operation?: object }>(
        'applications.argoproj.io',
        'shop',
        `-n=${NAMESPACE}`,
      );
      // While one is asked for, what the status says may be of the one before.
      const ofThis = operation === undefined || status?.operationState?.phase === 'Running';
      return ofThis ? status?.operationState : undefined;
    },
    async close() {
      for (const child of children.toReversed()) await child.stop();
      const made = DEFINITIONS.map(name => `crd/${name}s.argoproj.io`);
      const namespaces = [NAMESPACE, destination].map(name => `namespace/${name}`);
      await cluster.kubectl('delete', '--wait=false', ...made, ...namespaces);
    },
  };
}

/** What its installation makes besides. */
function settings(): readonly object[] {
  const labels = { 'app.kubernetes.io/part-of': 'argocd' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: NAMESPACE, name: 'argocd-secret', labels },
      stringData: { 'server.secretkey': 'for a server that does not run here' },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { namespace: NAMESPACE, name: 'default' },
      spec: { sourceRepos: ['*'], destinations: [{ server: '*', namespace: '*' }] },
    },
  ];
}

function application(repoURL: string, destination: string): object {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { namespace: NAMESPACE, name: 'shop' },
    spec: {
      project: 'default',
      source: { repoURL, path: '.', targetRevision: 'HEAD' },
      destination: { server: 'https://kubernetes.default.svc', namespace: destination },
    },
  };
}
