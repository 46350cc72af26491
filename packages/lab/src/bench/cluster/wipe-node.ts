import { waitUntil } from '../../machine/index.ts';
import type { Containerd } from '../../runtimes/index.ts';

/** What the node's pods need, which stays. */
export interface Baseline {
  readonly names: ReadonlySet<string>;
  readonly blobs: ReadonlySet<string>;
  readonly snapshots: ReadonlySet<string>;
}

export async function readBaseline(containerd: Containerd): Promise<Baseline> {
  const [names, blobs, snapshots] = [
    await namesOf(containerd),
    await blobsOf(containerd),
    await snapshotsOf(containerd),
  ];
  return { names: new Set(names), blobs: new Set(blobs), snapshots: new Set(snapshots) };
}

/** Removes every other image by every name and waits until its layers are gone: leftovers make the next fill falsely fast. */
export async function wipeNode(containerd: Containerd, baseline: Baseline): Promise<void> {
  await deleteImages(containerd, baseline);
  const isClean = async () =>
    isWithin(await blobsOf(containerd), baseline.blobs) && isWithin(await snapshotsOf(containerd), baseline.snapshots);
  await waitUntil(isClean, 'containerd to have collected all layers and snapshots', 60_000);
}

/** The deletion alone. */
export async function deleteImages(containerd: Containerd, { names }: Baseline): Promise<void> {
  const others = (await namesOf(containerd)).filter(name => !names.has(name));
  if (others.length > 0) await containerd.ctr('images', 'remove', '--sync', ...others);
}

async function namesOf(containerd: Containerd): Promise<readonly string[]> {
  return lines(await containerd.ctr('images', 'list', '--quiet'));
}

async function blobsOf(containerd: Containerd): Promise<readonly string[]> {
  return lines(await containerd.ctr('content', 'list', '--quiet'));
}

/** Of images; those of containers come and go with them. */
async function snapshotsOf(containerd: Containerd): Promise<readonly string[]> {
  const rows = lines(await containerd.ctr('snapshots', 'list')).slice(1);
  return rows.filter(row => row.trimEnd().endsWith('Committed')).map(row => row.split(/\s+/)[0] ?? '');
}

function isWithin(present: readonly string[], expected: ReadonlySet<string>): boolean {
  return present.every(item => expected.has(item));
}

function lines(output: string): readonly string[] {
  return output.split('\n').filter(line => line !== '');
}
