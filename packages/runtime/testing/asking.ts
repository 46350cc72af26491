import type { FailureKind } from '@kube-prefetch/protocol';
import { type Presence, type Progress, type Pulled, PullFailure, type RegistryAuth } from '../src/index.ts';
import type { RuntimeHarness } from './harness.ts';

type WithRuntime = Pick<RuntimeHarness, 'runtime'>;

export const GOOD: RegistryAuth = { username: 'reader', password: 'g00d-Pa55word/+' };
export const WRONG: RegistryAuth = { username: 'reader', password: 'wr0ng-Pa55word/+' };

/** For what no test wants to stop. */
export const NEVER = new AbortController().signal;

export function pull(
  { runtime }: WithRuntime,
  reference: string,
  options: { auth?: RegistryAuth; progress?: (progress: Progress) => void; signal?: AbortSignal } = {},
): Promise<Pulled> {
  return runtime.pull(reference, options.auth, options.progress ?? (() => {}), options.signal ?? NEVER);
}

/** The failure, which a test then looks at; throws when the pull succeeds or throws anything else. */
export async function failureOf(pulling: Promise<Pulled>): Promise<PullFailure> {
  const outcome = await pulling.catch((error: unknown) => error);
  if (outcome instanceof PullFailure) return outcome;
  throw new Error('expected the pull to throw a PullFailure', { cause: outcome });
}

export async function kindOf(pulling: Promise<Pulled>): Promise<FailureKind> {
  return (await failureOf(pulling)).kind;
}

export async function presenceOf({ runtime }: WithRuntime, reference: string): Promise<Presence> {
  const presence = (await runtime.look([reference], NEVER)).get(reference);
  if (presence === undefined)
    throw new Error(`expected look() to answer for ${reference}, as for everything it is asked`);
  return presence;
}

export async function isPresent(harness: WithRuntime, reference: string): Promise<boolean> {
  return (await presenceOf(harness, reference)).present;
}
