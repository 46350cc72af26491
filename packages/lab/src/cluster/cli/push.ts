import { runProgram } from '../../machine/index.ts';
import { needUpFront } from '../../set-up/index.ts';
import type { ClusterState } from './state.ts';

export async function push({ pushAddress, registry }: ClusterState, layout: string, image: string): Promise<void> {
  await needUpFront('cluster push');
  const to = `docker://${pushAddress}/${image}`;
  await runProgram('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, to]);
  process.stdout.write(`Pods name it ${registry}/${image}\n`);
}
