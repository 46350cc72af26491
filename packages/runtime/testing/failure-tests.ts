import { type FailureKind, MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { describe, expect, test } from 'vitest';
import type { RegistryAuth } from '../src/index.ts';
import { failureOf, GOOD, isPresent, kindOf, pull, WRONG } from './asking.ts';
import type { ImageToPublish, Published, RuntimeHarness, RuntimeTraits } from './harness.ts';

interface Row {
  readonly kind: FailureKind;
  readonly publish?: ImageToPublish;
  /** What to pull, where it is not what was published. */
  readonly reference?: (published: Published) => string;
  readonly auth?: RegistryAuth;
}

/** How pulls fail, and as what. */
const FAILURES = {
  'a missing tag': { kind: 'NotFound', reference: ({ name }) => `${name}:none` },
  'a missing repository': { kind: 'NotFound', reference: ({ name }) => `${name}-none:v1` },
  'a malformed reference': { kind: 'InvalidReference', reference: ({ name }) => `${name}:Not A Tag` },
  'a repository that wants credentials': { kind: 'Unauthorized', publish: { credentials: GOOD } },
  'wrong credentials': { kind: 'Unauthorized', publish: { credentials: GOOD }, auth: WRONG },
  'a forbidden repository': { kind: 'Unauthorized', publish: { trouble: 'forbids' }, auth: WRONG },
  'a registry that limits': { kind: 'RateLimited', publish: { trouble: 'limits' } },
  'a registry that fails': { kind: 'RegistryUnavailable', publish: { trouble: 'fails' } },
  'a refused connection': { kind: 'RegistryUnavailable', reference: () => '127.0.0.1:1/suite/app:v1' },
  'an unknown host': { kind: 'RegistryUnavailable', reference: () => 'registry.invalid/suite/app:v1' },
  'a registry that never answers': { kind: 'RegistryUnavailable', publish: { trouble: 'silent' } },
  // Large, because containerd 2.x calls a download active only after its first MiB.
  'a layer that stops coming': { kind: 'Stalled', publish: { trouble: 'stalls', sizeBytes: 4 * 1024 * 1024 } },
  'a connection that ends in the middle': { kind: 'RegistryUnavailable', publish: { trouble: 'cuts' } },
  'a corrupt layer': { kind: 'Corrupt', publish: { trouble: 'corrupts' } },
  'a layer that the registry has lost': { kind: 'Corrupt', publish: { trouble: 'lost layer' } },
  'an image for other platforms': { kind: 'NoPlatform', publish: { form: 'another platform' } },
  'something that is not an image': { kind: 'NotAnImage', publish: { form: 'artifact' } },
  'a web page where the manifest should be': { kind: 'RegistryUnavailable', publish: { form: 'web page' } },
} as const satisfies Record<string, Row>;

export type FailureCase = keyof typeof FAILURES;

const FAILURE_CASES = Object.entries(FAILURES) as unknown as readonly (readonly [FailureCase, Row])[];

export function failureTests(harness: () => RuntimeHarness, { differences = {} }: RuntimeTraits) {
  // At once, because some runtimes take long to give up.
  describe.concurrent('failures', () => {
    test.each(
      FAILURE_CASES.map(([name, row]) => ({
        name,
        row,
        difference: differences[name],
        ...titleOf(row.kind, differences[name]),
      })),
    )('$name $title', async ({ row, difference }) => {
      const image = await harness().publish(row.publish ?? {});
      const reference = row.reference?.(image) ?? image.reference;
      const outcome = difference?.outcome ?? row.kind;
      if (outcome === 'pulled') {
        await pull(harness(), reference, { auth: row.auth });
      } else if (outcome === 'hangs') {
        const cancel = new AbortController();
        const pulling = kindOf(pull(harness(), reference, { auth: row.auth, signal: cancel.signal }));
        await harness().asked(image);
        cancel.abort();
        expect(await pulling).toBe('Cancelled');
      } else {
        const failure = await failureOf(pull(harness(), reference, { auth: row.auth }));
        expect(`${failure.kind}: ${failure.message}`).toMatch(new RegExp(`^${outcome}: .`));
        expect(failure.message.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
      }
      expect(await isPresent(harness(), reference)).toBe(outcome === 'pulled' || (difference?.leavesPresent ?? false));
    });
  });
}

function titleOf(kind: string, difference: { outcome: string; because: string } | undefined): { title: string } {
  if (difference === undefined) return { title: `is ${kind}` };
  const does = { pulled: 'is pulled', hangs: 'hangs until it is cancelled' }[difference.outcome];
  return { title: `${does ?? `is ${difference.outcome}`}: ${difference.because}` };
}
