import { afterEach, expect, vi } from 'vitest';
import type {
  KubeApi,
  KubeDiscovery,
  KubeEvent,
  KubeFailure,
  KubeKind,
  KubeObject,
  KubeTokens,
  ObjectName,
} from '../src/api/kube-api.ts';
import { PREFETCHES } from '../src/api/kinds.ts';

export interface KubeApiHarnessOptions {
  /** How long a watch is asked to last; minutes unless told. */
  readonly watchSeconds?: number;
  /** The longest answer that is read; the default of the API unless told. */
  readonly maxAnswerBytes?: number;
  /** Deadlines of what is asked while the server hangs pass a hundred times faster. */
  readonly hurried?: boolean;
}

/** A server that has our kinds, and what happens to it past the API under test. */
export interface KubeApiHarness {
  /** With every right. */
  readonly api: KubeApi & KubeTokens & KubeDiscovery;
  /** Of this test alone; it exists. */
  readonly namespace: string;
  /** The server, asked by somebody whom it refuses this kind. */
  refused(kind: KubeKind, failure: KubeFailure): Promise<KubeApi>;
  remove(kind: KubeKind, name: ObjectName): Promise<void>;
  /** Makes the server forget what was before now. */
  forget(): Promise<void>;
  /** A service account's token, and its username. */
  token(audience: string): Promise<{ readonly token: string; readonly username: string }>;
  /** No process listens any more. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The server hangs with its connections open. */
  pause(): void;
  resume(): void;
  /** Lets a little time go by. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

export type MakeKubeApiHarness = (options?: KubeApiHarnessOptions) => Promise<KubeApiHarness>;

export interface StartedHarness extends KubeApiHarness {
  readonly signal: AbortSignal;
  create(name: string, images?: readonly string[]): Promise<KubeObject>;
  /** Names of the test's own objects, in the order of the answer. */
  mine(objects: readonly KubeObject[]): readonly string[];
  /** Reads a watch beside the test, from now on. */
  follow(resourceVersion: string, signal?: AbortSignal): Following;
  eventually(condition: () => unknown): Promise<void>;
}

export interface Following {
  /** In order: `ADDED a`, `BOOKMARK`. */
  readonly seen: readonly string[];
  readonly events: readonly KubeEvent[];
  /** How the watch ended: undefined for a plain end. */
  readonly end: Promise<unknown>;
}

/** Only what never comes takes so many. */
const TRIES = 4_000;

/** What a test of the suite starts with; all is closed after it. */
export function harnesses(makeHarness: MakeKubeApiHarness) {
  let started: { readonly harness: KubeApiHarness; readonly stop: AbortController } | undefined;
  afterEach(async () => {
    started?.stop.abort(new Error('the test is over'));
    await started?.harness.close();
    started = undefined;
  });

  return async (options?: KubeApiHarnessOptions): Promise<StartedHarness> => {
    const harness = await makeHarness(options);
    const stop = new AbortController();
    started = { harness, stop };
    const { api, namespace } = harness;
    const isMine = (object: KubeObject) => object.metadata.namespace === namespace;
    return {
      ...harness,
      signal: stop.signal,
      create: (name, images = ['nginx:1.27']) =>
        api.write({ verb: 'create', kind: PREFETCHES, object: prefetch({ namespace, name }, images) }, stop.signal),
      mine: objects => objects.filter(isMine).map(object => object.metadata.name),
      follow(resourceVersion, signal = stop.signal) {
        const events: KubeEvent[] = [];
        const seen: string[] = [];
        const read = async () => {
          for await (const event of api.watch(PREFETCHES, resourceVersion, signal)) {
            if (event.type !== 'BOOKMARK' && !isMine(event.object)) continue;
            events.push(event);
            seen.push(event.type === 'BOOKMARK' ? 'BOOKMARK' : `${event.type} ${event.object.metadata.name}`);
          }
        };
        return { events, seen, end: read().catch((error: unknown) => error) };
      },
      async eventually(condition) {
        for (let tries = 0; tries < TRIES && !condition(); tries += 1) await harness.pass();
        expect(condition()).toBeTruthy();
      },
    };
  };
}

export function prefetch(name: ObjectName, images: readonly string[]): KubeObject {
  return { metadata: { ...name }, spec: { images } };
}

/** The error, which has to be one of ours. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const failed = vi.fn<(error: unknown) => void>();
  await work.catch(failed);
  return failed.mock.calls[0]?.[0];
}
