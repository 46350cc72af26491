// The process of the stand-in API server: `main.ts NODES IMAGES PORT`.
import type { JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { shapeFleet } from '../fleet-shape.ts';
import { answerQuestions, machineMs } from '../worker.ts';
import { NAMESPACE, OWN } from '../names.ts';
import { deployment } from './cluster-objects.ts';
import { serveApi } from './serve-api.ts';

/** A kubelet writes the status of its Node this often where nothing changes. */
const NODE_STATUS_EVERY_MS = 300_000;

const [nodes = 0, images = 0, port = 0] = process.argv.slice(2, 5).map(Number);
const shape = shapeFleet(nodes, images);
const { server, collection, counts } = serveApi(shape, JSON.parse(process.env.JWK ?? '') as JsonWebKey);
server.listen(port, '127.0.0.1');
await once(server, 'listening');

let next = 0;
setInterval(() => {
  const all = collection('/api/v1/nodes');
  const node = all.get(shape.nodes[next++ % nodes]?.name ?? '');
  if (node === undefined) return;
  const status = node.status as { conditions: readonly object[] };
  const conditions = status.conditions.map(condition => ({
    ...condition,
    lastHeartbeatTime: new Date().toISOString(),
  }));
  all.put({ ...node, status: { ...status, conditions } });
}, NODE_STATUS_EVERY_MS / nodes);

answerQuestions({
  ready: () => true,
  /** Changes a Deployment's image; answers when its watchers were told. */
  change({ name, image }: { name: string; image: string }) {
    const shaped = shape.deployments.find(each => each.name === name);
    if (shaped === undefined) throw new Error(`no Deployment ${name}`);
    const atMs = machineMs();
    collection('/apis/apps/v1/deployments').put(deployment({ ...shaped, image }));
    return atMs;
  },
  counts,
  /** What agents trust; undefined until the coordinator has published it. */
  authority() {
    const published = collection('/api/v1/configmaps').get(`${NAMESPACE}/${OWN}`)?.data as { 'ca.crt'?: string };
    return published?.['ca.crt'];
  },
});
process.once('disconnect', () => process.exit());
