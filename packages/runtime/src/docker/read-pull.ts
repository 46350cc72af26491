import type { Readable } from 'node:stream';
import type { Progress } from '../image-runtime.ts';

/** What is known of each layer of one pull, by its short ID. */
export type Layers = ReadonlyMap<string, Layer>;

interface Layer {
  readonly stage: Stage;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

type Stage = 'waiting' | 'downloading' | 'downloaded' | 'had';

/** Every word that engines use for the state of a layer; lines with other words are not about a layer. */
const STAGES: ReadonlyMap<string, Stage> = new Map(
  Object.entries({
    'Pulling fs layer': 'waiting',
    Waiting: 'waiting',
    Downloading: 'downloading',
    'Verifying Checksum': 'downloaded',
    'Download complete': 'downloaded',
    Extracting: 'downloaded',
    'Pull complete': 'downloaded',
    'Already exists': 'had',
  } as const),
);

/** No image has more: overlay file systems mount about 128. A manifest of 4 MiB can name 40,000, and each line would cost all of them. */
const MAX_LAYERS = 500;

export function addMessage(layers: Layers, message: PullMessage): Layers {
  const { status = '', id } = message;
  const stage = STAGES.get(status);
  if (stage === undefined || id === undefined) return layers;
  if (layers.size >= MAX_LAYERS && !layers.has(id)) return layers;
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

/** A download that is tried again counts its bytes from zero; our count never goes back. */
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

/** A line of the answer to `POST /images/create`. */
export interface PullMessage {
  readonly status?: string | undefined;
  /** The layer's; with `Pulling from` it is the tag. */
  readonly id?: string | undefined;
  readonly progressDetail?: {
    readonly current?: number | undefined;
    readonly total?: number | undefined;
    readonly units?: string | undefined;
  };
  /** The pull failed, whatever the HTTP status was. */
  readonly error?: string | undefined;
}

/** Leaves out each field of another type than engines write, but not `error`: that is an error whatever it holds. */
export function toPullMessage(value: unknown): PullMessage {
  const { status, id, progressDetail, error, errorDetail } = fieldsOf(value);
  const { current, total, units } = fieldsOf(progressDetail);
  const failure = fieldsOf(errorDetail).message ?? error ?? undefined;
  return {
    status: asText(status),
    id: asText(id),
    progressDetail: { current: asAmount(current), total: asAmount(total), units: asText(units) },
    error: asText(failure) ?? JSON.stringify(failure),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asAmount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Longer than any real line: an engine's error texts can hold a whole page of HTML. */
const MAX_LINE_LENGTH = 1024 * 1024;

/** The JSON values of a body that has one per line. Throws when the body breaks off or holds something else. */
export async function* readJsonLines(body: Readable): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const [end = '', ...lines] = decoder.decode(chunk as Buffer, { stream: true }).split('\n');
    begun.push(end);
    length += end.length;
    for (const line of lines) {
      yield* parse(begun.join(''));
      begun = [line];
      length = line.length;
    }
    if (length > MAX_LINE_LENGTH) throw new Error(`expected JSON lines, got one of over ${MAX_LINE_LENGTH} bytes`);
  }
  yield* parse(begun.join(''));
}

function* parse(line: string): Generator<unknown> {
  if (line.trim() !== '') yield JSON.parse(line);
}
