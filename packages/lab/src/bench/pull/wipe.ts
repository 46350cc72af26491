import type { Containerd } from '../../runtimes/index.ts';
import { waitUntil } from '../../machine/index.ts';

/** Removes every image by every name and waits until containerd has collected layers and snapshots: leftovers make the next fill falsely fast. */
export async function wipe(containerd: Containerd): Promise<void> {
  const names = lines(await containerd.ctr('images', 'list', '--quiet'));
  if (names.length > 0) await containerd.ctr('images', 'remove', '--sync', ...names);
  await waitUntil(() => isEmpty(containerd), 'containerd to have collected all layers and snapshots', 60_000);
}

async function isEmpty(containerd: Containerd): Promise<boolean> {
  const blobs = lines(await containerd.ctr('content', 'list', '--quiet'));
  const snapshots = lines(await containerd.ctr('snapshots', 'list')).slice(1);
  return blobs.length === 0 && snapshots.length === 0;
}

function lines(output: string): readonly string[] {
  return output.split('\n').filter(line => line !== '');
}
