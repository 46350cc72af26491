import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, type CommandPrefix, withPrefix, type Say, startServer, THIS_MACHINE } from '../machine/index.ts';
import { type NodeRuntime, type PullSettings, writeContainerdConfig } from './containerd-config.ts';
import { containerdPrograms, type ContainerdVersion } from './containerd-programs.ts';

const run = promisify(execFile);
const READY_MS = 180_000;
/** Of a socket's path, as the kernel has it. */
const MAX_SOCKET_PATH = 107;
/** The kubelet's, and so the CRI's, namespace. */
const NAMESPACE = 'k8s.io';

export interface ContainerdOptions {
  /** Root, state, socket, configuration and log go here; belongs into a scratch folder, whose removal ends what is left. */
  readonly dir: string;
  readonly version: ContainerdVersion;
  /** Addresses of registries that speak plain HTTP. */
  readonly registries: readonly string[];
  readonly hubMirror?: string | undefined;
  readonly progressTimeoutSeconds?: number;
  /** `containerd.sock` in `dir` if absent. */
  readonly socket?: string;
  readonly prefix?: CommandPrefix;
  readonly node?: NodeRuntime;
  readonly pulls?: PullSettings;
  readonly say?: Say;
}

export interface Containerd {
  readonly socket: string;
  readonly logFile: string;
  pid(): number;
  /** `ctr` in the kubelet's namespace; answers its output, throws with what it said. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Really starts a container of the image with runc, without network; answers what it printed. */
  runContainer(image: string, options?: ContainerOptions): Promise<string>;
  stop(): Promise<void>;
  /** SIGKILL: a crash. */
  kill(): Promise<void>;
  /** Again on the same socket, with the same images. */
  start(): Promise<void>;
}

export interface ContainerOptions {
  /** Of `ctr run`. */
  readonly flags?: readonly string[];
  /** In place of the image's entrypoint. */
  readonly command?: readonly string[];
}

/** A real containerd that shares nothing with another one on this machine. Root only. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { dir, socket = join(dir, 'containerd.sock'), prefix = THIS_MACHINE } = options;
  const name = basename(dir);
  if (socket.length > MAX_SOCKET_PATH - '.ttrpc'.length) throw new Error(`too long for a socket: ${socket}`);
  const programs = await containerdPrograms(options.version, options);
  const config = writeContainerdConfig({ ...options, socket });
  const logFile = join(dir, 'containerd.log');
  let child: Child | undefined;
  let containers = 0;

  const containerd: Containerd = {
    socket,
    logFile,
    pid: () => (child as Child).pid,
    ctr: (...args) => runCtr(programs.ctr, socket, args),
    async runContainer(image, { flags = [], command = [] } = {}) {
      const id = `${name}-${process.pid}-${containers++}`;
      // The shim writes it: what ctr itself copies is lost when a container ends before ctr has opened the pipe.
      const output = join(dir, `${id}.out`);
      // A cgroup of its own at the top: the default one below /k8s.io would leave that folder behind.
      const places = ['--cgroup', `/kube-prefetch-lab-${id}`, '--log-uri', `file://${output}`];
      await containerd.ctr('run', '--rm', ...places, ...flags, image, id, ...command);
      return (await readFile(output, 'utf8')).trim();
    },
    async stop() {
      await child?.stop();
    },
    async kill() {
      await child?.kill();
    },
    async start() {
      const from = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
      const env = { PATH: `${programs.folder}:${process.env.PATH}` };
      ({ child } = await startServer({
        name,
        ...withPrefix(prefix, programs.containerd, ['-c', config]),
        env,
        logFile,
        ready: async () => (await servesCri(logFile, from)) && containerd.ctr('version'),
        serves: `containerd on ${socket}`,
        readyMs: READY_MS,
      }));
    },
  };
  await containerd.start();
  return containerd;
}

/** The socket answers a moment before the CRI behind it does; the log alone tells when. */
async function servesCri(logFile: string, from: number): Promise<boolean> {
  await using file = await open(logFile);
  const { size } = await file.stat();
  const { buffer } = await file.read(Buffer.alloc(Math.max(1, size - from)), { position: from });
  return buffer.includes('Start streaming server');
}

async function runCtr(program: string, socket: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(program, ['--address', socket, '--namespace', NAMESPACE, ...args]);
    return stdout.trim();
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`ctr ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, { cause: error });
  }
}
