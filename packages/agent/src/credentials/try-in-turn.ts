import type { Failure } from '@kube-prefetch/protocol';
import { PullFailure } from '@kube-prefetch/runtime';
import type { Try, Tries } from './gather-tries.ts';

/** A pull that worked, and by what. */
export interface Tried<T> {
  readonly value: T;
  /** The name of the credential; undefined for none. */
  readonly credential: string | undefined;
}

export interface TurnParts<T> {
  readonly gather: (refused: boolean) => Promise<Tries>;
  readonly pull: (one: Try) => Promise<T>;
  /** The name of the credential that worked last time: it goes first, because some registries lock out who fails too often. */
  readonly lastCredential: string | undefined;
}

/**
 * Pulls with one credential after the other until one works. Where the registry refuses all of them, they are gathered once more:
 * a secret may have changed meanwhile. Throws the failure that ends the pull, or a PullFailure that names all refusals.
 */
export async function pullInTurn<T>({ gather, pull, lastCredential }: TurnParts<T>): Promise<Tried<T>> {
  const refusals: Refusal[] = [];
  const tried = new Set<string>();
  let problems: readonly string[] = [];
  for (const refused of [false, true]) {
    const gathered = await gather(refused);
    ({ problems } = gathered);
    const left = lastFirst(gathered.tries, lastCredential).filter(one => !tried.has(keyOf(one)));
    for (const one of left) {
      tried.add(keyOf(one));
      try {
        return { value: await pull(one), credential: one === 'anonymous' ? undefined : one.from };
      } catch (error) {
        if (!(error instanceof PullFailure) || !meansRefused(error)) throw error;
        refusals.push({ by: one === 'anonymous' ? 'without credentials' : one.from, failure: error });
      }
    }
    if (!gathered.tries.some(one => one !== 'anonymous') && problems.length === 0) break;
  }
  throw toFailure(refusals, problems);
}

interface Refusal {
  readonly by: string;
  readonly failure: PullFailure;
}

/**
 * Whether another credential may do better. Registries also say that a repository is missing to those who may not read it. The kubelet
 * goes on after every failure; we do not where a registry is away or a disk is full: that fails again, and each try costs minutes.
 */
export function meansRefused({ kind }: Pick<Failure, 'kind'>): boolean {
  return kind === 'Unauthorized' || kind === 'NotFound';
}

function lastFirst(tries: readonly Try[], name: string | undefined): readonly Try[] {
  const isLast = (one: Try) => one !== 'anonymous' && one.from === name;
  return [...tries.filter(isLast), ...tries.filter(one => !isLast(one))];
}

function keyOf(one: Try): string {
  return one === 'anonymous' ? '' : JSON.stringify([one.username, one.password, one.identityToken]);
}

/** Unauthorized if any refusal was: then the image may well exist. */
function toFailure(refusals: readonly Refusal[], problems: readonly string[]): PullFailure {
  const [first] = refusals;
  const worst = refusals.find(({ failure }) => failure.kind === 'Unauthorized') ?? first;
  if (first === undefined || worst === undefined) {
    const why = problems.length > 0 ? problems.join('; ') : 'there is nothing to try';
    return new PullFailure('Unauthorized', `no credential fits the image's registry: ${why}`);
  }
  const only = refusals.length === 1 && problems.length === 0;
  const others = [
    ...refusals.filter(refusal => refusal !== worst).map(({ by }) => `${by}: refused as well`),
    ...problems,
  ];
  const message = only ? worst.failure.message : [`${worst.by}: ${worst.failure.message}`, ...others].join('; ');
  return new PullFailure(worst.failure.kind, message);
}
