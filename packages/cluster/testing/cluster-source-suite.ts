import type { ClusterState } from '@kube-prefetch/core';
import { aState } from '@kube-prefetch/core/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ClusterSource } from '../src/ports/source-and-sink.ts';
import { aDeployment, aNamespace, aNode, aPrefetch, aServiceAccount, type PlainObject } from './kube-objects.ts';

/** A cluster that a source reads, as the suite moves it. */
export interface SourceHarness {
  readonly source: ClusterSource;
  /** Makes the cluster hold these objects and no others. */
  hold(objects: readonly PlainObject[]): Promise<void>;
  /** Makes reads fail, or work again. */
  setFailing(failing: boolean): Promise<void>;
  /** Lets time and input go on until the condition holds; throws where it never does. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** What every ClusterSource must do. */
export function clusterSourceSuite(name: string, createHarness: () => Promise<SourceHarness>): void {
  async function start() {
    const harness = await createHarness();
    let changes = 0;
    onTestFinished(() => harness.close());
    const begin = () => {
      const stop = new AbortController();
      let ended = false;
      const run = harness.source.run(() => {
        changes += 1;
      }, stop.signal);
      void run.then(() => {
        ended = true;
      });
      const end = async () => {
        stop.abort();
        await harness.until(() => ended);
        await run;
      };
      onTestFinished(end);
      return end;
    };
    /** Waits for what the source then reads. */
    const reads = async (condition: (state: ClusterState) => boolean) => {
      const holds = () => {
        const state = harness.source.read();
        return state !== undefined && condition(state);
      };
      await harness.until(holds);
      return harness.source.read() as ClusterState;
    };
    return { ...harness, begin, reads, changes: () => changes };
  }

  const workloadsAre =
    (...names: string[]) =>
    (state: ClusterState) =>
      state.workloads.map(workload => workload.name).join() === names.join();

  describe(`${name} is a ClusterSource`, () => {
    test('read answers undefined before the first read, then what the cluster holds', async () => {
      const { source, hold, begin, reads } = await start();
      expect(source.read()).toBeUndefined();
      const web = aDeployment('web');
      const annotations = {
        'kube-prefetch.io/exclude': 'c0',
        'kube-prefetch.io/prefetch': 'yes',
        'example.com/a': 'b',
      };
      await hold([
        aPrefetch('warm'),
        { ...web, metadata: { ...(web.metadata as object), annotations } },
        aNode('n1'),
        aNamespace('shop', { team: 'a' }),
        aServiceAccount('default', ['regcred']),
      ]);
      begin();
      const state = await reads(() => true);
      expect(state.gaps).toEqual([]);
      expect(state.resources).toMatchObject([
        { ref: { kind: 'Prefetch', namespace: 'shop', name: 'warm' }, problems: [], spec: { images: ['nginx:1.27'] } },
      ]);
      expect(state.workloads).toMatchObject([{ kind: 'Deployment', name: 'web', labels: { app: 'web' } }]);
      expect(state.workloads[0]?.annotations).toEqual({
        exclude: ['c0'],
        prefetch: 'unclear',
        problems: ['kube-prefetch.io/prefetch: expected "true" or "false", got "yes"'],
      });
      expect(state.nodes).toMatchObject([{ name: 'n1', ready: true }]);
      expect(state.namespaces).toEqual([
        { name: 'shop', labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' } },
      ]);
      expect(state.serviceAccounts).toEqual([{ namespace: 'shop', name: 'default', imagePullSecrets: ['regcred'] }]);
    });

    test('an empty cluster is read as empty, not as unread', async () => {
      const { hold, begin, reads } = await start();
      await hold([]);
      begin();
      const state = await reads(() => true);
      expect(state).toMatchObject({ ...aState(), serviceAccounts: [] });
    });

    test('a change is told and read', async () => {
      const { hold, begin, reads, changes } = await start();
      await hold([aDeployment('a')]);
      begin();
      await reads(workloadsAre('a'));
      const before = changes();
      await hold([aDeployment('a'), aDeployment('b')]);
      await reads(workloadsAre('a', 'b'));
      expect(changes()).toBeGreaterThan(before);
      await hold([aDeployment('b')]);
      await reads(workloadsAre('b'));
    });

    test('parts that did not change keep their identity', async () => {
      const { hold, begin, reads } = await start();
      const same = [aDeployment('a'), aPrefetch('warm'), aNode('n1')];
      await hold([...same, aDeployment('b', ['old'])]);
      begin();
      const before = await reads(workloadsAre('a', 'b'));
      await hold([...same, aDeployment('b', ['new'])]);
      const after = await reads(({ workloads }) => workloads[1]?.pod.containers[0]?.image === 'new');
      expect(after.workloads[0]).toBe(before.workloads[0]);
      expect(after.workloads[1]).not.toBe(before.workloads[1]);
      expect(after.resources).toBe(before.resources);
      expect(after.nodes).toBe(before.nodes);
    });

    test('a failed read is a gap beside the last good state, and the gap goes when reading works again', async () => {
      const { hold, setFailing, begin, reads, changes } = await start();
      await hold([aDeployment('a')]);
      begin();
      const good = await reads(workloadsAre('a'));
      const before = changes();
      await setFailing(true);
      const failed = await reads(({ gaps }) => gaps.length > 0);
      expect(changes()).toBeGreaterThan(before);
      expect(failed.workloads).toBe(good.workloads);
      await setFailing(false);
      const healed = await reads(({ gaps }) => gaps.length === 0);
      expect(healed.workloads).toBe(good.workloads);
    });

    test('one that is run again while reading fails keeps what it read before', async () => {
      const { hold, setFailing, begin, reads } = await start();
      await hold([aDeployment('a')]);
      const end = begin();
      const good = await reads(workloadsAre('a'));
      await end();
      await setFailing(true);
      begin();
      const failed = await reads(({ gaps }) => gaps.length > 0);
      expect(failed.workloads).toBe(good.workloads);
      await setFailing(false);
    });

    test('run ends with the signal and tells nothing afterwards', async () => {
      const { hold, begin, reads, changes } = await start();
      await hold([aDeployment('a')]);
      const end = begin();
      await reads(workloadsAre('a'));
      await end();
      const before = changes();
      await hold([]);
      expect(changes()).toBe(before);
    });
  });
}
