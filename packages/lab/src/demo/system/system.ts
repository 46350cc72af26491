import type { CellReport, NodeView } from '@kube-prefetch/protocol';
import type { Met } from '../../machine/index.ts';
import type { Infrastructure } from '../infrastructure/infrastructure.ts';
import type { Screen } from '../view/screen.ts';
import type { DemoImage } from '../infrastructure/demo-images.ts';
import type { Manifests } from './manifests.ts';

/** Everything the steps play with. */
export interface DemoSystem {
  readonly infrastructure: Infrastructure;
  readonly images: readonly DemoImage[];
  readonly manifests: Manifests;
  readonly screen: Screen;
  /** What the coordinator says now, one view per node. */
  readonly fleet: () => Promise<readonly NodeView[]>;
  /** Waits for the condition; throws when it takes too long, when a program died, or on Ctrl-C. */
  readonly until: <T>(condition: () => T | Promise<T>, what: string, timeoutMs?: number) => Promise<Met<T>>;
  readonly pause: (ms: number) => Promise<void>;
}

export function cellOf(view: NodeView, image: string): CellReport | undefined {
  return view.images.find(candidate => candidate.image === image)?.cell;
}

/** Throws an error that says what was expected to be true. */
export function expectThat(condition: boolean, expected: string): void {
  if (!condition) throw new Error(`expected that ${expected}`);
}
