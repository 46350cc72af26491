import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ContainerdConfig {
  readonly dir: string;
  readonly socket: string;
  /** Registries that speak plain HTTP. */
  readonly registries: readonly string[];
  /** One of them that answers in place of Docker Hub. */
  readonly hubMirror?: string | undefined;
  /** Cuts a pull that brings no byte for so long; Debian's 1.6 cannot. */
  readonly progressTimeoutSeconds?: number;
  readonly node?: NodeRuntime;
  readonly pulls?: PullSettings;
}

/** How 2.x pulls, by the names in its configuration. */
export interface PullSettings {
  /** Of the transfer service. */
  readonly transfer?: Readonly<Record<string, number>>;
  /** Of the CRI plugin, some of which make it pull without the transfer service. */
  readonly cri?: Readonly<Record<string, number>>;
}

/** What a kubelet's runtime has beyond one that only holds images. */
export interface NodeRuntime {
  /** In place of folders below \`dir\`. */
  readonly root: string;
  readonly state: string;
  readonly cni: { readonly binDir: string; readonly confDir: string };
  readonly sandboxImage: string;
}

/** Everything that would reach outside `dir`, or that no image needs. */
const DISABLED = ['io.containerd.internal.v1.opt', 'io.containerd.nri.v1.nri', 'io.containerd.internal.v1.tracing'];

/** Writes the configuration of a containerd that keeps to its folder; answers the file. */
export function writeContainerdConfig(config: ContainerdConfig): string {
  const { dir } = config;
  mkdirSync(join(dir, 'cni'), { recursive: true });
  for (const address of config.registries) writeHosts(dir, address);
  if (config.hubMirror !== undefined) writeHosts(dir, config.hubMirror, 'docker.io');
  const file = join(dir, 'config.toml');
  writeFileSync(file, tomlOf(config));
  return file;
}

/** Version 2, which both 1.6 and 2.x read. Without CAP_SYS_RESOURCE runc may not lower oom_score_adj. */
function tomlOf({ dir, socket, progressTimeoutSeconds, node, pulls }: ContainerdConfig): string {
  const timeout =
    progressTimeoutSeconds === undefined ? '' : `image_pull_progress_timeout = "${progressTimeoutSeconds}s"`;
  const sandboxImage = node === undefined ? '' : `sandbox_image = "${node.sandboxImage}"`;
  const { binDir, confDir } = node?.cni ?? { binDir: join(dir, 'cni'), confDir: join(dir, 'cni') };
  return `version = 2
root = "${node?.root ?? join(dir, 'root')}"
state = "${node?.state ?? join(dir, 'state')}"
disabled_plugins = ${JSON.stringify(DISABLED)}
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  ${timeout}
  ${sandboxImage}
  ${linesOf(pulls?.cri)}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${binDir}"
    conf_dir = "${confDir}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${join(dir, 'certs.d')}"
${pulls?.transfer === undefined ? '' : `[plugins."io.containerd.transfer.v1.local"]\n  ${linesOf(pulls.transfer)}\n`}`;
}

function linesOf(settings: Readonly<Record<string, number>> = {}): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n  ');
}

/**
 * Only `server`: a host with the same address would make two hosts of one and double every retry. Without an empty [host]
 * containerd 1.6 ignores the file, which shows only where the address is not a loopback one.
 */
function writeHosts(dir: string, address: string, host = address): void {
  const folder = join(dir, 'certs.d', host);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hosts.toml'), `server = "http://${address}"\n[host]\n`);
}
