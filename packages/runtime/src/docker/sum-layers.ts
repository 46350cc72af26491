import type { Progress } from '../image-runtime.ts';
import type { PullMessage } from './pull-message.ts';

/** What is known of each layer of one pull, by its short ID. */
export type Layers = ReadonlyMap<string, Layer>;

interface Layer {
  readonly stage: Stage;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

type Stage = 'waiting' | 'downloading' | 'downloaded' | 'had';

/** Every word that engines have for a layer; what is not here is no layer's. */
const STAGES: Readonly<Record<string, Stage>> = {
  'Pulling fs layer': 'waiting',
  Waiting: 'waiting',
  Downloading: 'downloading',
  'Verifying Checksum': 'downloaded',
  'Download complete': 'downloaded',
  Extracting: 'downloaded',
  'Pull complete': 'downloaded',
  'Already exists': 'had',
};

export function addMessage(layers: Layers, message: PullMessage): Layers {
  const { status = '', id } = message;
  const stage = STAGES[status];
  if (stage === undefined || id === undefined) return layers;
  return new Map(layers).set(id, advance(layers.get(id), stage, message));
}

export function progressOf(layers: Layers): Progress {
  const all = [...layers.values()];
  if (all.length === 0) return { phase: 'resolving', doneBytes: 0, totalBytes: undefined };
  const totals = all.flatMap(({ totalBytes }) => totalBytes ?? []);
  return {
    phase: all.every(({ stage }) => stage === 'downloaded' || stage === 'had') ? 'unpacking' : 'downloading',
    doneBytes: sum(all.map(({ doneBytes }) => doneBytes)),
    totalBytes: totals.length === 0 ? undefined : sum(totals),
  };
}

/** Undefined where layers came without a word about their size, as podman has them come. */
export function pulledBytesOf(layers: Layers): number | undefined {
  const fetched = [...layers.values()].filter(({ stage }) => stage !== 'had');
  if (fetched.length > 0 && fetched.every(({ totalBytes }) => totalBytes === undefined)) return undefined;
  return sum(fetched.map(({ doneBytes }) => doneBytes));
}

/** A download that is tried again tells its bytes from zero; ours never go back. */
function advance(before: Layer | undefined, stage: Stage, { progressDetail }: PullMessage): Layer {
  const { current = 0, total, units } = progressDetail ?? {};
  // Newer engines count the seconds of an extraction here.
  const totalBytes = (units === undefined && total ? total : undefined) ?? before?.totalBytes;
  const doneBytes = stage === 'downloaded' ? totalBytes : stage === 'downloading' ? current : 0;
  return { stage, totalBytes, doneBytes: Math.max(before?.doneBytes ?? 0, doneBytes ?? 0) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
