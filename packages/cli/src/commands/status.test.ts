import { ApiError, type ResourcesView } from '@kube-prefetch/protocol';
import { createVirtualClock } from '@kube-prefetch/time/testing';
import { expect, test } from 'vitest';
import type { Context } from '../connect/context.ts';
import { plain } from '../print/terminal.ts';
import { showStatus, type StatusOptions } from './status.ts';

const status = (present: number) => ({
  conditions: [{ type: 'Warm', status: present === 4 ? 'True' : 'False', reason: 'Pulling', message: 'm' }],
  summary: {
    images: 2,
    nodes: 2,
    cells: 4,
    present,
    pulling: 0,
    waiting: 0,
    failed: 0,
    unknown: 0,
    held: 0,
    noAgent: 0,
  },
  failures: [],
});

function start(live: boolean) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  let present = 1;
  let columns = 200;
  let said = '';
  let err = '';
  let broken: string | undefined;
  let resized = () => {};
  const terminal = {
    out: (text: string) => (said += text),
    err: (text: string) => (err += text),
    live,
    columns: () => columns,
    rows: () => 20,
    onResize: (then: () => void) => {
      resized = then;
      return () => {
        resized = () => {};
      };
    },
    paint: plain,
  };
  const resources = () => [
    { resource: { kind: 'Prefetch', namespace: 'shop', name: 'web' }, status: status(present) },
    { resource: { kind: 'Prefetch', namespace: 'other', name: 'web' }, status: status(4) },
    { resource: { kind: 'ClusterPrefetch', name: 'base' }, status: status(4) },
  ];
  const view = async () => {
    if (broken !== undefined) throw new ApiError('Unreachable', broken);
    return { gaps: [], resources: resources() } as unknown as ResourcesView;
  };
  const views = { resources: view, follow: () => ({ look: view, close: () => {} }) };
  const context = { terminal, clock, signal: stop.signal, namespace: () => 'shop', views };
  return {
    clock,
    stop,
    show: (name?: string, options: Partial<StatusOptions> = {}) =>
      showStatus(context as unknown as Context, name, { headers: true, ...options }).catch(() => {}),
    become: (next: number) => (present = next),
    breakWith: (message: string | undefined) => (broken = message),
    resizeTo(next: number) {
      columns = next;
      resized();
    },
    take() {
      // Sequences begin with ESC, here written ^.
      const taken = said.replaceAll('\u001b', '^');
      said = '';
      return taken;
    },
    err: () => err,
  };
}

test('it shows the Prefetches of the namespace and every ClusterPrefetch, and with -A those of all namespaces', async () => {
  const { show, take } = start(false);
  await show(undefined, { output: 'name' });
  expect(take()).toBe('clusterprefetch.kube-prefetch.io/base\nprefetch.kube-prefetch.io/web\n');
  await show(undefined, { allNamespaces: true, headers: false });
  expect(take()).toMatch(/^- +clusterprefetch\/base .*\nother +prefetch\/web .*\nshop +prefetch\/web .*\n$/);
  await show('web', { output: 'json' });
  expect(JSON.parse(take())).toMatchObject({ resource: { namespace: 'shop', name: 'web' } });
});

test('watched where nobody looks, it writes a line when something has changed', async () => {
  const { show, clock, take, become, stop } = start(false);
  const ended = show('web', { watch: true });
  await clock.advance(3_000);
  expect(take()).toMatch(/^NAME .*\nprefetch\/web +2 +2 +1\/4 .* Pulling\n$/);
  become(4);
  await clock.advance(3_000);
  expect(take()).toMatch(/^prefetch\/web +2 +2 +4\/4 .* Warm\n$/);
  stop.abort();
  await ended;
  expect(take()).toBe('');
});

test('watched where nobody looks, it says once why there is no answer, and goes on', async () => {
  const { show, clock, take, become, breakWith, stop, err } = start(false);
  const ended = show('web', { watch: true });
  await clock.advance(1_500);
  breakWith('the coordinator is away');
  await clock.advance(10_000);
  expect(err()).toBe('the coordinator is away\nTrying again.\n');
  breakWith(undefined);
  become(4);
  await clock.advance(1_500);
  expect(take()).toMatch(/4\/4 .* Warm\n$/);
  stop.abort();
  await ended;
});

test('watched on a terminal, it is drawn anew, cut to the window, and what was there before comes back', async () => {
  const { show, clock, take, stop, resizeTo } = start(true);
  const ended = show('web', { watch: true });
  await clock.advance(1_500);
  expect(take()).toMatch(/^\^\[\?1049h.*\^\[H.*25% 1\/4/s);
  resizeTo(20);
  const drawn = take().split('\n');
  expect(Math.max(...drawn.map(line => line.replaceAll(/\^\[[0-9;?]*\w/g, '').length))).toBe(20);
  stop.abort();
  await ended;
  expect(take()).toMatch(/\^\[\?1049lNAME /);
});
