import { NODE_ENV, NODE_FLAGS, type Program } from '../build/index.ts';
import type { RunConfig } from '../images/index.ts';
import { NODE, NONROOT } from './base-layer.ts';
import type { Release } from './release.ts';

/** What docker/Dockerfile says too, and why; test/images compares. */
const OF: Readonly<Record<Program, { user: number; ports: readonly number[]; title: string; description: string }>> = {
  coordinator: {
    user: NONROOT,
    ports: [7070, 7072],
    title: 'kube-prefetch coordinator',
    description: 'Computes which node of a Kubernetes cluster should hold which container images, and tells its agents',
  },
  cli: {
    user: NONROOT,
    ports: [],
    title: 'kubectl prefetch',
    description:
      'Says what of kube-prefetch is warm and why the rest is not, waits for it, and warms images before a rollout',
  },
  agent: {
    user: 0,
    ports: [7073],
    title: 'kube-prefetch agent',
    description: "Keeps the images that the coordinator plans for a node in the node's container runtime",
  },
};

export const BASE_CONFIG = { Env: ['PATH=/nodejs/bin'], User: String(NONROOT) } satisfies RunConfig;

export function runConfig(program: Program, { version, revision }: Release): RunConfig {
  const { user, ports, title, description } = OF[program];
  const env = { NODE_ENV: 'production', ...NODE_ENV[program] };
  return {
    Entrypoint: [NODE, ...NODE_FLAGS[program], '/app/main.mjs'],
    Env: [...BASE_CONFIG.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    User: `${user}:${user}`,
    WorkingDir: '/app',
    ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map(port => [`${port}/tcp`, {}])) }),
    Labels: {
      'org.opencontainers.image.title': title,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': revision,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  };
}
