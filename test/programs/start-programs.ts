import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { CellReport, NodeView } from '@kube-prefetch/protocol';
import { SOON_MS } from '../patience.ts';

const program = (name: string) => fileURLToPath(new URL(`../../packages/${name}/src/main.ts`, import.meta.url));

/** The two programs as children, on a directory of manifests with the one node `n1`. */
export interface Programs {
  /** `under`: a command that runs it, as `nice` would. */
  readonly startCoordinator: (under?: readonly string[], flags?: Readonly<Record<string, string>>) => Promise<Child>;
  /** The folder of manifests. */
  readonly manifests: string;
  readonly startAgent: (flags?: Readonly<Record<string, string>>, under?: readonly string[]) => Promise<Agent>;
  /** The images that should be on the node from now on. */
  readonly ask: (images: readonly string[]) => void;
  /** Waits until the coordinator says so of the image on the node. */
  readonly until: (image: string, fits: (cell: CellReport) => boolean, what: string) => Promise<CellReport>;
  readonly view: () => Promise<NodeView>;
  /** `http://127.0.0.1:…` of the views. */
  readonly admin: string;
}

export interface Agent {
  readonly child: Child;
  /** `http://127.0.0.1:…` of health, readiness and metrics. */
  readonly ops: () => Promise<string>;
  /** Log lines that have this message. */
  readonly logged: (message: string) => readonly Record<string, unknown>[];
}

export async function preparePrograms(dir: string, socket: string): Promise<Programs> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const coordinator = `http://127.0.0.1:${port}`;
  const admin = `http://127.0.0.1:${adminPort}`;
  const manifests = join(dir, 'manifests');
  mkdirSync(manifests, { recursive: true });
  writeFileSync(
    join(manifests, 'node.yaml'),
    'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {conditions: [{type: Ready, status: "True"}]}\n',
  );
  let starts = 0;

  const view = async () => {
    const answer = await fetch(`${admin}/v1/nodes/n1`, { signal: AbortSignal.timeout(20_000) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as NodeView;
  };

  return {
    view,
    admin,
    ask(images) {
      const head = 'apiVersion: kube-prefetch.io/v1alpha1\nkind: ClusterPrefetch\nmetadata: {name: base}\n';
      writeFileSync(join(manifests, 'prefetch.yaml'), `${head}spec: {images: ${JSON.stringify(images)}}\n`);
    },
    manifests,
    async startCoordinator(under = [], more = {}) {
      starts += 1;
      const flags = {
        manifests,
        'status-dir': join(dir, 'status'),
        listen: `127.0.0.1:${port}`,
        'admin-listen': `127.0.0.1:${adminPort}`,
        'ops-listen': '127.0.0.1:0',
        ...more,
      };
      const child = await start('coordinator', flags, join(dir, `coordinator-${starts}.log`), under);
      await waitUntil(view, 'the coordinator to answer', SOON_MS, { child });
      return child;
    },
    async startAgent(more = {}, under = []) {
      starts += 1;
      const logFile = join(dir, `agent-${starts}.log`);
      const flags = {
        coordinator,
        node: 'n1',
        'runtime-socket': socket,
        'state-dir': join(dir, 'state'),
        // The disk of the machine that runs the tests may be fuller than a node's should be.
        'disk-max-used-percent': '99',
        'ops-listen': '127.0.0.1:0',
        'log-level': 'debug',
        ...more,
      };
      const child = await start('agent', flags, logFile, under);
      const logged: Agent['logged'] = message => linesOf(logFile).filter(line => line.msg === message);
      const ops = () =>
        waitUntil(() => logged('listening')[0]?.address as string, 'the agent to listen', SOON_MS, { child });
      return { child, logged, ops };
    },
    until: (image, fits, what) =>
      waitUntil(
        async () => {
          const cell = (await view()).images.find(candidate => candidate.image === image)?.cell;
          return cell !== undefined && fits(cell) && cell;
        },
        `${image} to be ${what}`,
        SOON_MS,
      ),
  };
}

function start(
  name: string,
  flags: Readonly<Record<string, string>>,
  logFile: string,
  under: readonly string[] = [],
): Promise<Child> {
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const [command = process.execPath, ...rest] = [...under, process.execPath, program(name), ...args];
  return startChild({ name, command, args: rest, logFile });
}

export function linesOf(logFile: string): Record<string, unknown>[] {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  // The last one may be half written.
  return lines
    .filter(line => line.startsWith('{') && line.endsWith('}'))
    .map(line => JSON.parse(line) as Record<string, unknown>);
}
