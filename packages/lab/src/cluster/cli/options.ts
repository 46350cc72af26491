import { parseArgs } from 'node:util';
import type { ContainerdVersion } from '../../runtimes/index.ts';
import type { KubernetesVersion } from '../programs/kubernetes-programs.ts';

export interface UpOptions {
  readonly nodes: number;
  readonly kubernetes: KubernetesVersion;
  /** Of each node in turn. */
  readonly containerd: readonly ContainerdVersion[];
}

export type Command =
  | { readonly verb: 'help' }
  | ({ readonly verb: 'up' | 'serve' } & UpOptions)
  | { readonly verb: 'down' }
  | { readonly verb: 'exec'; readonly node?: number; readonly line: readonly [string, ...string[]] }
  | { readonly verb: 'push'; readonly layout: string; readonly image: string };

/** A command and the cluster it is about. */
export interface Invocation {
  readonly cluster: string;
  readonly command: Command;
}

export const USUAL_NAME = 'usual';
const KUBERNETES = ['1.37', '1.34'] as const satisfies readonly KubernetesVersion[];
const CONTAINERD = ['debian', '2.4'] as const satisfies readonly ContainerdVersion[];
const MOST_NODES = 9;

export const HELP = `npm run cluster -- COMMAND

A real Kubernetes cluster on this machine: API server, scheduler, controllers, DNS, registry and nodes with containerd,
kubelet and kube-proxy, each in network and mount namespaces of its own. Nothing outside of them is reached or changed.
Needs root on Debian and Go; what is missing is installed or built first, which takes minutes the first time.

  up [NODES]                  start it (default 2 nodes) and leave it running
      --kubernetes VERSION    ${KUBERNETES.join(' or ')} (default ${KUBERNETES[0]})
      --containerd VERSIONS   ${CONTAINERD.join(' or ')}, with commas one for each node in turn (default ${CONTAINERD[0]})
  exec -- COMMAND...          run a command in the control plane's network; kubectl and helm are on its PATH
  exec NODE -- COMMAND...     run a command on a node: exec 1 -- ctr -n k8s.io images ls
  push LAYOUT NAME[:TAG]      put the image of an OCI layout (npm run images) into the cluster's registry
  down                        stop it and leave nothing behind
  --name NAME                 with any of them: another cluster than the usual one
  --help                      this
`;

type Values = Readonly<Record<'kubernetes' | 'containerd', string>>;

/** Throws with what is wrong about the arguments. */
export function readInvocation(args: readonly string[]): Invocation {
  const end = args.indexOf('--');
  const [own, line] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const { values, positionals } = parseArgs({
    args: [...own],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      name: { type: 'string', default: USUAL_NAME },
      kubernetes: { type: 'string', default: KUBERNETES[0] },
      containerd: { type: 'string', default: CONTAINERD[0] },
    },
  });
  if (!/^[a-z0-9-]+$/.test(values.name)) throw new Error(`--name: expected a-z, 0-9 and -, got ${values.name}`);
  const command = values.help === true ? ({ verb: 'help' } as const) : readCommand(positionals, values, line);
  return { cluster: values.name, command };
}

function readCommand([verb, ...rest]: readonly string[], values: Values, line: readonly string[]): Command {
  switch (verb) {
    case undefined:
      return { verb: 'help' };
    case 'up':
    case 'serve':
      return { verb, ...readUp(rest[0], values) };
    case 'down':
      return { verb };
    case 'exec':
      return readExec(rest[0], line);
    case 'push':
      return readPush(rest[0], rest[1]);
    default:
      throw new Error(`no command ${verb}; see npm run cluster -- --help`);
  }
}

function readUp(nodes = '2', { kubernetes, containerd }: Values): UpOptions {
  return {
    nodes: numberOf(nodes, 'nodes'),
    kubernetes: oneOf(KUBERNETES, kubernetes, '--kubernetes'),
    containerd: containerd.split(',').map(version => oneOf(CONTAINERD, version, '--containerd')),
  };
}

function readExec(node: string | undefined, [command, ...args]: readonly string[]): Command {
  if (command === undefined) throw new Error('exec: expected a command after --');
  return { verb: 'exec', ...(node !== undefined && { node: numberOf(node, 'node') }), line: [command, ...args] };
}

function readPush(layout: string | undefined, image: string | undefined): Command {
  if (layout === undefined || image === undefined) throw new Error('push: expected LAYOUT and NAME[:TAG]');
  return { verb: 'push', layout, image: image.includes(':') ? image : `${image}:latest` };
}

function numberOf(text: string, what: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_NODES) return number;
  throw new Error(`${what}: expected a number from 1 to ${MOST_NODES}, got ${text}`);
}

function oneOf<T extends string>(all: readonly T[], text: string, what: string): T {
  const found = all.find(each => each === text);
  if (found === undefined) throw new Error(`${what}: expected ${all.join(' or ')}, got ${text}`);
  return found;
}
