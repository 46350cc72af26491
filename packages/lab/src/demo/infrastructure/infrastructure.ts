import type { Say } from '../../machine/index.ts';
import type { DemoImage } from './demo-images.ts';

export interface InfrastructureOptions {
  /** A scratch folder. */
  readonly dir: string;
  /** One runtime for each, as far as the machine has them. */
  readonly nodes: readonly string[];
  /** The images, named for a registry's address, around the program that each of them starts. */
  readonly make: (address: string, program: Buffer) => readonly DemoImage[];
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** What the demo stands on: a registry and the nodes' runtimes, real ones wherever the machine allows. */
export interface Infrastructure {
  /** Said before anything starts, so that people know what is real. */
  readonly description: string;
  readonly registry: DemoRegistry;
  readonly nodes: readonly DemoNode[];
  close(): Promise<void>;
}

export interface DemoRegistry {
  readonly address: string;
  /** Every request since all images were published, in order. */
  log(): readonly Fetch[];
  stop(): Promise<void>;
  /** Again at the same address, with the same images. */
  start(): Promise<void>;
  answers(): Promise<boolean>;
}

export interface Fetch {
  /** The demo's image that it was for, as the manifests write it; a layer of two images counts for the one named first. */
  readonly image: string | undefined;
  /** Of the answer's body. */
  readonly bytes: number;
}

/** A node's runtime as its administrator sees it, past agent and coordinator. */
export interface DemoNode {
  readonly name: string;
  /** Whether the runtime itself lists the image. */
  has(image: string): Promise<boolean>;
  /** Deletes the image behind the agent's back; its contents go too unless the agent is quicker. */
  remove(image: string): Promise<void>;
  /** Starts a container of the image and answers what it printed; undefined where this runtime has no containers. */
  run(image: string): Promise<string | undefined>;
  /** Starts the node's agent; its log and everything it keeps lie under `dir`. */
  startAgent(options: { coordinator: string; dir: string }): Promise<RunningAgent>;
}

export interface RunningAgent {
  stop(): Promise<unknown>;
}
