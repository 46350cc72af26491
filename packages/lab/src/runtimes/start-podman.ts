import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, runProgram, type Say, startChild, waitUntil } from '../machine/index.ts';
import { findProgram, needDebianPackages } from '../set-up/index.ts';
import { answersPing } from './start-dockerd.ts';

const READY_MS = 180_000;

export interface PodmanOptions {
  /** Images, socket, configuration and log go here; belongs into a scratch folder, whose removal ends what is left. */
  readonly dir: string;
  /** Addresses of registries that speak plain HTTP. */
  readonly registries: readonly string[];
  /** Asked instead of Docker Hub. */
  readonly hubMirror: string;
  readonly say?: Say;
}

export interface Podman {
  readonly socket: string;
  pid(): number;
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** Again on the same socket, with the same images. */
  start(): Promise<void>;
  /** Lets go of its storage too. */
  close(): Promise<void>;
}

/** Podman's service with the Docker Engine API, which shares nothing with another podman on this machine. Root only. */
export async function startPodman(options: PodmanOptions): Promise<Podman> {
  const { dir } = options;
  await needDebianPackages(['podman'], options);
  mkdirSync(dir, { recursive: true });
  const socket = join(dir, 'podman.sock');
  const command = findProgram('podman') as string;
  const env = writeConfig(options);
  const storage = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--storage-driver', 'overlay'];
  let child: Child | undefined;

  const podman: Podman = {
    socket,
    pid: () => (child as Child).pid,
    async stop() {
      await child?.stop();
    },
    async kill() {
      await child?.kill();
    },
    async start() {
      rmSync(socket, { force: true }); // A killed one leaves it behind.
      const args = [...storage, 'system', 'service', '--time', '0', `unix://${socket}`];
      const started = await startChild({ name: 'podman', command, args, env, logFile: join(dir, 'podman.log') });
      child = started;
      await waitUntil(() => answersPing(socket), `podman on ${socket}`, READY_MS, { child: started });
    },
    async close() {
      await child?.stop();
      await runProgram('umount', [join(dir, 'root', 'overlay')]).catch(() => {}); // It need not be mounted.
    },
  };
  await podman.start();
  return podman;
}

/** Files of its own in the place of the machine's; answers the environment that names them. */
function writeConfig({ dir, registries, hubMirror }: PodmanOptions): NodeJS.ProcessEnv {
  const insecure = (address: string) => `[[registry]]\nlocation = "${address}"\ninsecure = true\n`;
  const hub = `[[registry]]\nprefix = "docker.io"\nlocation = "${hubMirror}"\ninsecure = true\n`;
  const registriesFile = join(dir, 'registries.conf');
  writeFileSync(
    registriesFile,
    `unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n${registries.map(insecure).join('')}${hub}`,
  );
  const containersFile = join(dir, 'containers.conf');
  const engine = [
    '[engine]',
    'events_logger = "file"',
    'cgroup_manager = "cgroupfs"',
    `tmp_dir = "${join(dir, 'tmp')}"`,
  ];
  // Podman raises both to a million, which runc may not without CAP_SYS_RESOURCE.
  const containers = ['[containers]', 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]'];
  writeFileSync(containersFile, `${[...engine, ...containers].join('\n')}\n`);
  return { CONTAINERS_REGISTRIES_CONF: registriesFile, CONTAINERS_CONF: containersFile, TMPDIR: dir };
}
