import { needDebianPackages, runProgram } from '../../machine/index.ts';
import type { ClusterState } from './state.ts';

const SKOPEO = { package: 'skopeo', program: 'skopeo', why: 'put images into the registry' };

export async function push({ pushAddress, registry }: ClusterState, layout: string, image: string): Promise<void> {
  await needDebianPackages([SKOPEO]);
  const to = `docker://${pushAddress}/${image}`;
  await runProgram('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, to]);
  process.stdout.write(`Pods name it ${registry}/${image}\n`);
}
