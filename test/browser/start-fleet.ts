import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { type Child, freePort, startChild, waitUntil } from '@kube-prefetch/lab/machine';
import type { CellReport, NodeReport } from '@kube-prefetch/protocol';
import { SOON_MS } from '../patience.ts';

/** The coordinator as it is shipped, on a folder of manifests, and what its agents would say. */
export interface Fleet {
  /** `http://127.0.0.1:…` of the page. */
  readonly page: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Saves the nodes of the cluster. */
  nodes(names: readonly string[], labels?: (name: string) => Readonly<Record<string, string>>): void;
  /** Saves the ClusterPrefetch `name`, which asks for the images on all nodes. */
  ask(name: string, images: readonly string[]): void;
  /** What the node's agent says it holds, all of it. */
  report(node: string, cells: readonly CellReport[], more?: Partial<NodeReport>): Promise<void>;
}

/** `file`: the coordinator's bundle. The ports stay the same from start to start. */
export async function prepareFleet(folder: string, file: string): Promise<Fleet> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests, { recursive: true });
  const connections = new Agent({ keepAlive: true, maxSockets: 8 });
  let sequence = 0;
  let starts = 0;
  let child: Child | undefined;
  const save = (name: string, objects: readonly object[]) =>
    writeFileSync(join(manifests, `${name}.yaml`), objects.map(object => JSON.stringify(object)).join('\n---\n'));

  return {
    page: `http://127.0.0.1:${adminPort}`,
    async start() {
      const flags = {
        manifests,
        'status-dir': join(folder, 'status'),
        listen: `127.0.0.1:${port}`,
        'admin-listen': `127.0.0.1:${adminPort}`,
        'ops-listen': '127.0.0.1:0',
        // On a busy machine thousands of nodes take long to report.
        'silent-after': '1h',
      };
      const args = [file, ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
      const logFile = join(folder, `coordinator-${++starts}.log`);
      const started = await startChild({ name: 'coordinator', command: process.execPath, args, logFile });
      const ready = async () => (await fetch(`http://127.0.0.1:${adminPort}/v1/overview`)).ok;
      child = started;
      await waitUntil(ready, 'the coordinator to answer', SOON_MS, { child: started });
    },
    async stop() {
      await child?.kill();
    },
    nodes(names, labels = () => ({})) {
      const status = { conditions: [{ type: 'Ready', status: 'True' }] };
      for (let from = 0; from < names.length; from += 1_000) {
        const some = names.slice(from, from + 1_000);
        save(
          `nodes-${from}`,
          some.map(name => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: labels(name) }, status })),
        );
      }
    },
    ask(name, images) {
      const kind = { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'ClusterPrefetch' };
      save(`ask-${name}`, [{ ...kind, metadata: { name }, spec: { images } }]);
    },
    async report(node, cells, more = {}) {
      const agent = { id: `agent-${node}`.slice(0, 64), startedAt: '2026-01-01T00:00:00.000Z', version: '0.1.0' };
      const report = { agent, sequence: ++sequence, full: true, runtime: {}, cells, gone: [], ...more };
      const body = JSON.stringify(report);
      await new Promise<void>((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const path = `/v1/nodes/${encodeURIComponent(node)}/report`;
        const sent = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: connections }, answer => {
          let text = '';
          answer.on('data', chunk => (text += String(chunk)));
          answer.on('end', () =>
            answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode} ${text}`)),
          );
        });
        sent.on('error', reject).end(body);
      });
    },
  };
}
