import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runIn, scratchFolder, startChild } from '@kube-prefetch/lab/machine';
import { goBuild } from '@kube-prefetch/lab/set-up';
import type { PrefetchStatus } from '@kube-prefetch/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { callOriginal } from '../../oracle/call-original.ts';
import { conditionOf, type Fixture, PATIENCE, RELEASE, until } from '../fixture.ts';
import type { Publisher } from '../images.ts';
import { SOON_MS } from '../../patience.ts';
import { namespace, prefetch } from '../objects.ts';
import { processOf } from '../process-of.ts';

const NAMESPACE = 'waits';
const HEALTH = new URL('../../../examples/argocd/resource_customizations/kube-prefetch.io/', import.meta.url);
/** Flux looks so often. */
const FLUX_MS = 5_000;

interface Prefetch {
  readonly metadata: { readonly name: string; readonly annotations?: object };
  readonly status?: PrefetchStatus;
}

/** Real helm, the library that Flux waits with, and kubectl wait for the same spec, each for an object of its own. */
export function agreesWithTools(here: () => Fixture, publish: () => Publisher): void {
  const scratch = scratchFolder('kp-waits');
  const chart = join(scratch.path, 'chart');
  let flux = '';
  beforeAll(async () => {
    const source = join(import.meta.dirname, '../flux');
    flux = join(await goBuild({ name: 'flux', source, takes: 'about 2 minutes on 2 cores' }), 'flux');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: waits\nversion: 0.1.0\n');
    writeFileSync(join(chart, 'templates/prefetch.yaml'), '{{ .Values.prefetch | toJson }}\n');
  });
  afterAll(() => scratch.remove());

  const named = (name: string, spec: object) => prefetch(NAMESPACE, name, spec);
  const inTheCluster = () => ['nsenter', `--target=${here().cluster.pid}`, '--net', '--'];

  function helm(name: string, spec: object, wait: string): Promise<string> {
    const values = join(scratch.path, `${name}.json`);
    writeFileSync(values, JSON.stringify({ prefetch: named(name, spec) }));
    const place = [`--namespace=${NAMESPACE}`, wait, `--timeout=${PATIENCE}`, `--values=${values}`];
    return here().cluster.helm('upgrade', '--install', name, chart, ...place);
  }

  function waitAsFlux(name: string, spec: object): Promise<string> {
    const input = JSON.stringify(named(name, spec));
    return runIn(inTheCluster(), flux, [PATIENCE], { input, env: here().cluster.env });
  }

  function waitWithKubectl(condition: string, name: string): Promise<string> {
    const what = [`--for=condition=${condition}`, `pf/${name}`, `-n=${NAMESPACE}`];
    return here().cluster.kubectl('wait', ...what, '--timeout', PATIENCE);
  }

  /** Answers what a watch has shown of the Prefetches so far; throws while it writes. */
  async function watch(): Promise<() => readonly Prefetch[]> {
    const logFile = join(scratch.path, 'watch');
    const [command = '', ...prefix] = inTheCluster();
    const args = [...prefix, 'kubectl', 'get', 'prefetches.kube-prefetch.io', `-n=${NAMESPACE}`, '-o=json', '--watch'];
    const child = await startChild({ name: 'kubectl', command, args, env: here().cluster.env, logFile });
    onTestFinished(async () => void (await child.kill()));
    return () =>
      readFileSync(logFile, 'utf8')
        .split(/^(?=\{)/m)
        .map(text => JSON.parse(text) as Prefetch);
  }

  /** What kstatus says of each, and Argo CD's script: of a part of an application, and of a hook. */
  async function judge(objects: readonly Prefetch[]): Promise<readonly (readonly string[])[]> {
    const script = readFileSync(new URL('Prefetch/health.lua', HEALTH), 'utf8');
    const hook = { 'argocd.argoproj.io/hook': 'PreSync' };
    const hooks = objects.map(object => ({ ...object, metadata: { ...object.metadata, annotations: hook } }));
    const answers = await Promise.all([
      callOriginal<{ status: string }>('kstatus', objects),
      callOriginal<{ status: string }>(
        'argo health',
        objects.map(object => ({ script, object })),
      ),
      callOriginal<{ status: string }>(
        'argo health',
        hooks.map(object => ({ script, object })),
      ),
    ]);
    return objects.map((_, at) => answers.map(each => each[at]?.status ?? ''));
  }

  test('helm, Flux, kubectl wait and Argo CD agree on when a Prefetch is ready, and on when it is warm', async () => {
    const fixture = here();
    const { cluster, status, get } = fixture;
    await cluster.apply(namespace(NAMESPACE));
    const spec = { images: [await publish().image('waits/web', '1')] };
    const { items } = await get('pods', `-n=${RELEASE}`, '-l=app.kubernetes.io/component=coordinator');
    const coordinators = await Promise.all(items.map(({ metadata }) => processOf(fixture, metadata.name)));
    const watched = await watch();
    const conditions = ({ status: told }: Prefetch) =>
      ['Ready', 'Warm'].map(type => conditionOf(told, type)?.status === 'True').join(' ');
    /** All that was shown until each of the four had been so. */
    const shownUntil = (all: 'true false' | 'true true') =>
      until(`the watch to show four Prefetches ${all}`, async () => {
        const seen = watched();
        const names = new Set(seen.filter(each => conditions(each) === all).map(({ metadata }) => metadata.name));
        return names.size === 4 && seen;
      });

    /** In order, with what the object said then. */
    const ended: string[] = [];
    const note = async (tool: string, object: string, wait: Promise<string>) => {
      await wait;
      const told = await status('pf', object, `-n=${NAMESPACE}`);
      ended.push([tool, ...['Ready', 'Warm'].map(type => conditionOf(told, type)?.status)].join(' '));
    };
    for (const pid of coordinators) process.kill(pid, 'SIGSTOP');
    cluster.registry.pause();
    let waits: Promise<unknown>;
    try {
      // Before the tools that wait: they may use two cores.
      await note('helm --wait=legacy', 'legacy', helm('legacy', spec, '--wait=legacy'));
      await cluster.apply(named('by-kubectl', spec));
      waits = Promise.all([
        note('helm', 'by-helm', helm('by-helm', spec, '--wait')),
        note('flux', 'by-flux', waitAsFlux('by-flux', spec)),
        note('kubectl Ready', 'by-kubectl', waitWithKubectl('Ready', 'by-kubectl')),
        note('kubectl Warm', 'by-kubectl', waitWithKubectl('Warm', 'by-kubectl')),
      ]);
      await Promise.race([waits, sleep(FLUX_MS + 1_000)]);
      expect(ended).toEqual(['helm --wait=legacy Unknown Unknown']);
      for (const pid of coordinators) process.kill(pid, 'SIGCONT');
      await Promise.race([waits, until('those that wait for Ready to end', async () => ended.length > 3)]);
      // Statuses are written one by one, and what is warm before its turn is called so at once.
      await shownUntil('true false');
      expect(ended.slice(1).sort()).toEqual(['flux True False', 'helm True False', 'kubectl Ready True False']);
    } finally {
      for (const pid of coordinators) process.kill(pid, 'SIGCONT');
      cluster.registry.resume();
    }
    await waits;
    expect(ended.at(-1)).toBe('kubectl Warm True True');

    const seen = await shownUntil('true true');
    const verdicts = await judge(seen);
    const said = seen.map((each, at) => ({
      name: each.metadata.name,
      text: `${conditions(each)}: ${verdicts[at]?.join(' ')}`,
    }));
    for (const [name, texts] of Map.groupBy(said, each => each.name))
      expect([name, ...new Set(texts.map(({ text }) => text))]).toEqual([
        name,
        'false false: InProgress Progressing Progressing',
        'true false: Current Healthy Progressing',
        'true true: Current Healthy Healthy',
      ]);
  });

  test('a Prefetch that is not accepted ends helm and Flux long before their timeout, and the reason is told', async () => {
    const { cluster, get } = here();
    const spec = { workloads: [{ kinds: ['Gadget'], selector: {} }] };
    const startedMs = Date.now();
    const [byHelm, byFlux] = await Promise.allSettled([
      helm('not-accepted', spec, '--wait'),
      waitAsFlux('not-accepted-by-flux', spec),
    ]);
    expect(Date.now() - startedMs).toBeLessThan(SOON_MS / 2);
    expect(byHelm).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('Gadget') } });
    expect(byFlux).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('stalled') } });
    await cluster.apply(named('not-accepted-by-kubectl', spec));
    await waitWithKubectl('Stalled', 'not-accepted-by-kubectl');
    const refused = await get<unknown>('pf', 'not-accepted-by-kubectl', `-n=${NAMESPACE}`);
    expect(await judge([refused as Prefetch])).toEqual([['Failed', 'Degraded', 'Degraded']]);
    await cluster.kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  });
}
