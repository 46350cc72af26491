/** Nodes and workloads of a simulated cluster, such that nodes have 40 distinct plans. */
export interface FleetShape {
  readonly nodes: readonly ShapedNode[];
  readonly deployments: readonly ShapedDeployment[];
  readonly imagesPerNode: number;
  /** A workload whose pods may run on every node. */
  readonly everywhere: ShapedDeployment;
  /** A workload whose pods may run on `fewNodes` nodes. */
  readonly few: ShapedDeployment;
  readonly fewNodes: number;
}

interface ShapedNode {
  readonly name: string;
  readonly pool: string;
}

export interface ShapedDeployment {
  readonly name: string;
  readonly team: string;
  /** Its pods run on nodes of this pool only; on all where undefined. */
  readonly pool: string | undefined;
  readonly image: string;
}

export const PLANS = 40;
/** One resource each, which wants the images of the team's workloads. */
const TEAMS = 10;
const MOST_FEW = 50;
/** Of a node's images, those that all nodes have. */
const SHARED = 0.8;

export function shapeFleet(nodeCount: number, imagesPerNode: number): FleetShape {
  const fewNodes = Math.min(MOST_FEW, Math.ceil(nodeCount / 4));
  const shared = Math.round(imagesPerNode * SHARED);
  const pools = Array.from({ length: Math.min(PLANS, nodeCount) }, (_, i) => `pool-${digits(i, 2)}`);
  const poolOf = (i: number) => (i < fewNodes ? 0 : 1 + (i % (pools.length - 1)));
  const deployments = [
    ...Array.from({ length: shared }, (_, i) => deployment(`shared-${digits(i, 3)}`, i, undefined)),
    ...pools.flatMap(pool =>
      Array.from({ length: imagesPerNode - shared }, (_, i) => deployment(`${pool}-${digits(i, 3)}`, i, pool)),
    ),
  ];
  return {
    nodes: Array.from({ length: nodeCount }, (_, i) => ({
      name: `node-${digits(i, 5)}.example`,
      pool: pools[poolOf(i)] as string,
    })),
    deployments,
    imagesPerNode,
    everywhere: deployments[0] as ShapedDeployment,
    few: deployments[shared] as ShapedDeployment,
    fewNodes,
  };
}

export const teams = Array.from({ length: TEAMS }, (_, i) => `team-${i}`);

function deployment(name: string, index: number, pool: string | undefined): ShapedDeployment {
  return { name, team: teams[index % TEAMS] as string, pool, image: imageOf(name, 1) };
}

export function imageOf(deploymentName: string, version: number): string {
  return `registry.example.com/platform/services/${deploymentName}:1.4.${version}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
