import { MAX_MESSAGE_LENGTH } from '@kube-prefetch/protocol';
import { describe, expect, test } from 'vitest';
import { failureOf, isPresent, kindOf, pull } from './asking.ts';
import { FAILURE_CASES } from './failure-cases.ts';
import type { RuntimeHarness, RuntimeTraits } from './harness.ts';

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
