import { aPullSecret, createTwinSecrets } from '@kube-prefetch/cluster/testing';
import { aNode, aResource, aState } from '@kube-prefetch/core/testing';
import type { AgentApi, ErrorCode, PermitRequest, NodeReport } from '@kube-prefetch/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentApiHarness, HarnessOptions } from './agent-api-harness.ts';
import { aCell, aPermitRequest, anAgent, aReport, never, want } from './messages.ts';

/**
 * What every AgentApi keeps, whatever lies between it and the coordinator. `makeHarness` is called once per test, for a
 * coordinator that has read nothing yet.
 */
export function agentApiSuite(
  name: string,
  makeHarness: (options?: HarnessOptions) => AgentApiHarness | Promise<AgentApiHarness>,
): void {
  let harness: AgentApiHarness | undefined;
  afterEach(async () => {
    await harness?.close();
    harness = undefined;
  });

  const start = async (options: HarnessOptions = {}) => {
    harness = await makeHarness(options);
    return harness;
  };
  const startWith = async (images: readonly string[], options: HarnessOptions = {}) => {
    const started = await start(options);
    await started.set(clusterOf(images));
    return { ...started, n1: started.api('n1'), n2: started.api('n2') };
  };

  describe(`AgentApi ${name}: plan`, () => {
    test('a node without a plan gets it at once, however long it would wait', async () => {
      const { n1 } = await startWith(['a:1', 'b:1']);
      const plan = await n1.plan(undefined, 10_000, never());
      expect(plan).toMatchObject({
        complete: true,
        items: [
          { image: 'a:1', priority: 0, start: true },
          { image: 'b:1', priority: 0, start: true },
        ],
      });
    });

    test('a node with another revision gets the plan at once', async () => {
      const { n1 } = await startWith(['a:1']);
      expect(await n1.plan('of-yesterday', 10_000, never())).toHaveProperty('items');
    });

    test.each([0, 30])('a plan that does not change within %i ms is unchanged', async waitMs => {
      const { n1 } = await startWith(['a:1']);
      const revision = await revisionOf(n1);
      expect(await n1.plan(revision, waitMs, never())).toBe('unchanged');
    });

    test('a waiting poll is answered as soon as the plan changes', async () => {
      const { n1, set } = await startWith(['a:1']);
      const poll = n1.plan(await revisionOf(n1), 20_000, never());
      await set(clusterOf(['a:1', 'b:1']));
      const plan = await poll;
      expect(plan === 'unchanged' ? plan : plan.items.map(item => item.image)).toEqual(['a:1', 'b:1']);
    });

    test('a change that leaves the plan as it was answers no poll', async () => {
      const { n1, set } = await startWith(['a:1']);
      const poll = n1.plan(await revisionOf(n1), 60, never());
      await set(clusterOf(['a:1']));
      expect(await poll).toBe('unchanged');
    });

    test('the same contents have the same revision in another coordinator', async () => {
      const first = await startWith(['a:1']);
      const revision = await revisionOf(first.n1);
      await first.close();
      const second = await startWith(['a:1']);
      expect(await second.n1.plan(revision, 0, never())).toBe('unchanged');
    });

    test('a later poll of a node takes the place of the one before', async () => {
      const { n1 } = await startWith(['a:1']);
      const revision = await revisionOf(n1);
      const first = failure(n1.plan(revision, 20_000, never()));
      await n1.plan(revision, 0, never());
      const second = n1.plan(revision, 100, never());
      expect(await first).toBe('Overloaded');
      expect(await second).toBe('unchanged');
    });

    test('an aborted poll ends at once and leaves room for the next', async () => {
      const { n1 } = await startWith(['a:1']);
      const revision = await revisionOf(n1);
      const stop = new AbortController();
      const poll = n1.plan(revision, 20_000, stop.signal);
      stop.abort(new Error('enough'));
      expect(await settled(poll)).toBe('rejected');
      expect(await n1.plan(revision, 20, never())).toBe('unchanged');
    });

    test('before the first full read every call is told to come back', async () => {
      const { api } = await start();
      expect(await failure(api('n1').plan(undefined, 0, never()))).toBe('NotReady');
      expect(await failure(api('n1').report(aReport(), never()))).toBe('NotReady');
      expect(await failure(api('n1').permits(aPermitRequest(), never()))).toBe('NotReady');
      expect(await failure(api('n1').credentials({ images: [] }, never()))).toBe('NotReady');
    });

    test('a node that the cluster does not have is told so, by name', async () => {
      const { api } = await startWith(['a:1']);
      const call = api('no such/node').plan(undefined, 0, never());
      await expect(call).rejects.toMatchObject({
        code: 'UnknownNode',
        message: expect.stringContaining('no such/node'),
      });
    });

    test('a missing node may be one that could not be read while there are gaps', async () => {
      const { api, set } = await start();
      await set({ ...clusterOf(['a:1']), gaps: ['nodes/broken.yaml could not be read'] });
      await expect(api('n9').plan(undefined, 0, never())).rejects.toMatchObject({
        code: 'NotReady',
        details: ['nodes/broken.yaml could not be read'],
      });
    });

    test('a node that leaves the cluster is not left waiting', async () => {
      const { n1, set } = await startWith(['a:1']);
      const poll = failure(n1.plan(await revisionOf(n1), 20_000, never()));
      await set(aState({ nodes: [aNode({ name: 'n2' })] }));
      expect(await poll).toBe('UnknownNode');
    });

    test('a coordinator that stops answers waiting polls at once and serves no more', async () => {
      const { n1, endTerm } = await startWith(['a:1']);
      const revision = await revisionOf(n1);
      const poll = failure(n1.plan(revision, 20_000, never()));
      await n1.plan(revision, 0, never());
      endTerm();
      expect(await poll).toBe('ShuttingDown');
      expect(await failure(n1.plan(undefined, 0, never()))).toBe('ShuttingDown');
    });
  });

  describe(`AgentApi ${name}: report`, () => {
    const cases: readonly [string, readonly Partial<NodeReport>[], boolean][] = [
      ['a full report is used', [{ full: true, sequence: 1 }], false],
      ['a delta without anything before it is not', [{ full: false, sequence: 4 }], true],
      ['a delta after its predecessor is used', [{ full: true }, { full: false, sequence: 2 }], false],
      ['a delta after a gap is not', [{ full: true }, { full: false, sequence: 3 }], true],
      ['a repeated full report is accepted again', [{ full: true }, { full: true }], false],
      ['a repeated delta is accepted again', [{}, { full: false, sequence: 2 }, { full: false, sequence: 2 }], false],
      ['a full report after a gap is used', [{ full: true }, { full: true, sequence: 9 }], false],
      ['a delta of a newer process is not used', [{}, { agent: anAgent('b', 2), full: false, sequence: 2 }], true],
      ['a full report of a newer process is', [{ sequence: 8 }, { agent: anAgent('b', 2), sequence: 1 }], false],
    ];
    test.each(cases)('%s', async (_name, reports, sendFull) => {
      const { n1 } = await startWith(['a:1']);
      const answers = [];
      for (const report of reports) answers.push(await n1.report(aReport(report), never()));
      expect(answers.at(-1)).toEqual({ epoch: 7, sendFull });
    });

    test('of two processes that speak for a node the one that started earlier is sent away', async () => {
      const { n1 } = await startWith(['a:1']);
      await n1.report(aReport({ agent: anAgent('new', 2) }), never());
      expect(await failure(n1.report(aReport({ agent: anAgent('old', 1), sequence: 5 }), never()))).toBe('OlderAgent');
      expect(await n1.report(aReport({ agent: anAgent('new', 2), full: false, sequence: 2 }), never())).toMatchObject({
        sendFull: false,
      });
    });

    test('a node that left and came back starts over', async () => {
      const { n1, set } = await startWith(['a:1']);
      await n1.report(aReport(), never());
      await set(aState({ nodes: [] }));
      await set(clusterOf(['a:1']));
      expect(await n1.report(aReport({ full: false, sequence: 2 }), never())).toMatchObject({ sendFull: true });
    });
  });

  describe(`AgentApi ${name}: permits`, () => {
    test('without a limit everything wanted is granted at once', async () => {
      const { n1 } = await startWith(['a:1', 'b:1']);
      const answer = await n1.permits(aPermitRequest({ wanting: want('a:1', 'b:1'), waitMs: 10_000 }), never());
      expect(answer).toEqual({ epoch: 7, ttlMs: 30_000, granted: [{ image: 'a:1' }, { image: 'b:1' }] });
    });

    test('a grant says how large the image is once nodes agree on it', async () => {
      const { n1, n2 } = await startWith(['a:1']);
      for (const node of [n1, n2]) await node.report(aReport({ cells: [aCell({ sizeBytes: 4321 })] }), never());
      const { granted } = await n1.permits(aPermitRequest({ wanting: want('a:1') }), never());
      expect(granted).toEqual([{ image: 'a:1', sizeBytes: 4321 }]);
    });

    test('one who wants nothing is not kept waiting', async () => {
      const { n1 } = await startWith(['a:1']);
      expect(await n1.permits(aPermitRequest({ waitMs: 20_000 }), never())).toMatchObject({ granted: [] });
    });

    test('a new term grants only what is presented until one ttl has passed', async () => {
      const { n1, n2 } = await startWith(['a:1'], { maxConcurrentPulls: 10, permitTtlMs: 60_000 });
      const presented = await n1.permits(aPermitRequest({ holding: ['a:1'], wanting: want('b:1') }), never());
      expect(presented.granted).toEqual([{ image: 'a:1' }]);
      expect((await n2.permits(aPermitRequest({ wanting: want('a:1'), waitMs: 30 }), never())).granted).toEqual([]);
    });

    test('a permit that is let go goes to the node that waits for it', async () => {
      const { n1, n2 } = await startWith(['a:1'], { maxConcurrentPulls: 1, permitTtlMs: 600 });
      await granted(n1, want('a:1'));
      const waiting = granted(n2, want('a:1'));
      await n1.permits(aPermitRequest(), never());
      expect(await waiting).toEqual(['a:1']);
    });

    test('a permit that is not renewed ends', async () => {
      const { n1, n2 } = await startWith(['a:1'], { maxConcurrentPulls: 1, permitTtlMs: 300 });
      await granted(n1, want('a:1'));
      expect(await granted(n2, want('a:1'))).toEqual(['a:1']);
    });

    test('a permit that is renewed is kept from others', async () => {
      // Renewed after a small part of its time, which a busy machine may stretch, and for longer than that.
      const { n1, n2 } = await startWith(['a:1'], { maxConcurrentPulls: 1, permitTtlMs: 3_000 });
      await granted(n1, want('a:1'));
      for (let i = 0; i < 12; i++) {
        await n1.permits(aPermitRequest({ holding: ['a:1'] }), never());
        const { granted: others } = await n2.permits(aPermitRequest({ wanting: want('a:1'), waitMs: 300 }), never());
        expect(others).toEqual([]);
      }
    });
  });

  describe(`AgentApi ${name}: credentials`, () => {
    test('nothing is answered for images that come without pull secrets, or that are not planned', async () => {
      const { n1 } = await startWith(['a:1']);
      const images = [{ image: 'a:1' }, { image: 'of-others:1', refused: true }];
      expect(await n1.credentials({ images }, never())).toEqual({ epoch: 7, images: [] });
    });

    test('an image with pull secrets gets what they hold for its registry, and again what they hold later', async () => {
      const secrets = createTwinSecrets();
      secrets.hold('shop/regcred', aPullSecret({ 'r.example': 'of r', 'other.example': 'of another' }));
      const { api, set } = await start({ secrets });
      const spec = { images: ['r.example/a:1', 'b:1'], imagePullSecrets: [{ name: 'regcred' }] };
      await set({ ...clusterOf([]), resources: [aResource({ spec })], ownNamespace: 'kube-prefetch' });
      const n1 = api('n1');
      const plan = await n1.plan(undefined, 0, never());
      expect(plan).toMatchObject({ items: [{ image: 'b:1', credentials: true }, { credentials: true }] });
      const credential = { from: 'secret shop/regcred', username: 'robot', password: 'of r' };
      const images = spec.images.map(image => ({ image }));
      expect(await n1.credentials({ images }, never())).toEqual({
        epoch: 7,
        images: [
          { image: 'r.example/a:1', credentials: [credential], anonymous: false, problems: [] },
          { image: 'b:1', credentials: [], anonymous: true, problems: [] },
        ],
      });
      secrets.beAway(true);
      expect((await n1.credentials({ images }, never())).images[0]?.credentials).toEqual([credential]);
    });

    test('a node that the cluster does not have gets none', async () => {
      const { api } = await startWith(['a:1']);
      expect(await failure(api('n9').credentials({ images: [{ image: 'a:1' }] }, never()))).toBe('UnknownNode');
    });

    test('a coordinator that stops gives none', async () => {
      const { n1, endTerm } = await startWith(['a:1']);
      endTerm();
      expect(await failure(n1.credentials({ images: [{ image: 'a:1' }] }, never()))).toBe('ShuttingDown');
    });
  });
}

/** Asks as an agent does, again and again, until something is granted. */
async function granted(api: AgentApi, wanting: PermitRequest['wanting']): Promise<readonly string[]> {
  for (;;) {
    const answer = await api.permits(aPermitRequest({ wanting, waitMs: 1_000 }), never());
    if (answer.granted.length > 0) return answer.granted.map(({ image }) => image);
  }
}

async function revisionOf(api: AgentApi): Promise<string> {
  const plan = await api.plan(undefined, 0, never());
  if (plan === 'unchanged') throw new Error('a node without a plan was told that it is unchanged');
  return plan.revision;
}

function failure(call: Promise<unknown>): Promise<ErrorCode | 'no failure'> {
  return call.then(
    () => 'no failure' as const,
    (error: { code: ErrorCode }) => error.code,
  );
}

function settled(call: Promise<unknown>): Promise<'resolved' | 'rejected'> {
  return call.then(
    () => 'resolved' as const,
    () => 'rejected' as const,
  );
}

/** Nodes n1 and n2, which should both hold the images. */
function clusterOf(images: readonly string[]) {
  return aState({
    resources: [aResource({ spec: { images: [...images] } })],
    nodes: [aNode({ name: 'n1' }), aNode({ name: 'n2' })],
  });
}
