import { type PrefetchStatus, type ResourceRef, resourceName } from '@kube-prefetch/protocol';
import type { Happening, HappeningKind } from '@kube-prefetch/protocol/board';

/** What the page tells of the last hour. */
const KEPT_MS = 3_600_000;
const MAX_KEPT = 500;
/** One pass may see thousands of things happen: more than these of one kind are counted. */
const MAX_EACH = 3;
const MAX_NAME_LENGTH = 160;
const MAX_TEXT_LENGTH = 600;

/** What a pass saw, as far as something about it is worth telling. */
export interface Noticed {
  readonly epoch: number;
  readonly statuses: readonly { readonly resource: ResourceRef; readonly status: PrefetchStatus }[];
  readonly gaps: readonly string[];
  readonly nodes: ReadonlySet<string>;
  readonly silent: ReadonlySet<string>;
  /** By registry, how many pulls it may have at once. */
  readonly slowed: ReadonlyMap<string, number>;
}

export type Told = Pick<Happening, 'kind' | 'text'>;

/** What happened between two passes, worst first. `before` undefined: this is the first of a term. */
export function noticeHappenings(before: Noticed | undefined, after: Noticed): readonly Told[] {
  if (before === undefined || before.epoch !== after.epoch) {
    return [told('Leading', `this coordinator leads now, with ${after.nodes.size} nodes`)];
  }
  const was = new Map(before.statuses.map(({ resource, status }) => [resourceName(resource), status]));
  const is = new Map(after.statuses.map(({ resource, status }) => [resourceName(resource), status]));
  const turned = (type: string, to: string) =>
    [...is].filter(([name, status]) => {
      const old = was.get(name);
      return old !== undefined && statusOf(status, type) === to && statusOf(old, type) !== to;
    });
  const wasCold = turned('Warm', 'False').filter(([name]) => statusOf(was.get(name), 'Warm') === 'True');
  const [failedBefore, failing] = [failuresOf(before), failuresOf(after)];

  return [
    ...each(
      'Failing',
      turned('Accepted', 'False'),
      ([name, status]) => `${name} is not accepted: ${messageOf(status, 'Accepted')}`,
      'resources are not accepted',
    ),
    ...each('Failing', onlyIn(failing, failedBefore), ([, text]) => text, 'images begin to fail'),
    ...each('Gap', missing(after.gaps, before.gaps), gap => `cannot be read: ${gap}`, 'things cannot be read'),
    ...each(
      'Silent',
      missing(after.silent, before.silent),
      node => `node ${short(node)} fell silent`,
      'nodes fell silent',
    ),
    ...each(
      'Cold',
      wasCold,
      ([name, status]) => `${name} is not warm any more: ${messageOf(status, 'Warm')}`,
      'resources are not warm any more',
    ),
    ...each(
      'Slowed',
      onlyIn(after.slowed, before.slowed),
      ([registry, most]) => `${short(registry)} refuses or fails: at most ${most} pulls from it at once`,
      'registries are slowed',
    ),
    ...each(
      'Changed',
      onlyIn(before.slowed, after.slowed),
      ([registry]) => `${short(registry)} is not slowed any more`,
      'registries are not slowed any more',
    ),
    ...each(
      'Changed',
      missing(before.gaps, after.gaps),
      gap => `can be read again: ${gap}`,
      'things can be read again',
    ),
    ...each(
      'Changed',
      missing(before.silent, after.silent).filter(node => after.nodes.has(node)),
      node => `node ${short(node)} is back`,
      'nodes are back',
    ),
    ...each('Changed', missing(after.nodes, before.nodes), node => `node ${short(node)} joined`, 'nodes joined'),
    ...each('Changed', missing(before.nodes, after.nodes), node => `node ${short(node)} left`, 'nodes left'),
    ...each(
      'Changed',
      onlyIn(is, was),
      ([name, { summary }]) => `${name} asks for ${summary.images} images on ${summary.nodes} nodes`,
      'resources are new',
    ),
    ...each('Changed', onlyIn(was, is), ([name]) => `${name} is gone`, 'resources are gone'),
    ...each(
      'Warm',
      onlyIn(failedBefore, failing),
      ([, , name]) => `${name} does not fail any more`,
      'images do not fail any more',
    ),
    ...each('Warm', turned('Warm', 'True'), ([name, { warm }]) => `${name} is warm, ${warm}`, 'resources are warm'),
  ];
}

/** Keeps what happened in the last hour. */
export function createHappenings() {
  const kept: (Happening & { readonly atMs: number })[] = [];
  let last: Noticed | undefined;
  let id = 0;
  const forgetOld = (now: number) => {
    while (kept.length > MAX_KEPT || (kept[0] !== undefined && kept[0].atMs < now - KEPT_MS)) kept.shift();
  };
  return {
    /** Returns what is new. */
    note(noticed: Noticed, at: string, now: number): readonly Happening[] {
      const news = noticeHappenings(last, noticed).map(told => ({ id: ++id, at, ...told }));
      last = noticed;
      kept.push(...news.map(happening => ({ ...happening, atMs: now })));
      forgetOld(now);
      return news;
    },
    latest(now: number): readonly Happening[] {
      forgetOld(now);
      return kept.map(({ id, at, kind, text }) => ({ id, at, kind, text }));
    },
  };
}

function told(kind: HappeningKind, text: string): Told {
  return { kind, text: text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text };
}

function each<T>(kind: HappeningKind, found: readonly T[], one: (found: T) => string, many: string): readonly Told[] {
  if (found.length <= MAX_EACH) return found.map(thing => told(kind, one(thing)));
  return [told(kind, `${found.length} ${many}, among them: ${found.slice(0, MAX_EACH).map(one).join('; ')}`)];
}

/** By image and reason, in the words of the resource that tells the most nodes of it. */
function failuresOf({ statuses }: Noticed): ReadonlyMap<string, string> {
  const worst = new Map<string, { nodes: number; text: string }>();
  for (const { status } of statuses) {
    for (const { image, reason, message, nodes } of status.failures) {
      const key = `${reason} ${image}`;
      if (nodes <= (worst.get(key)?.nodes ?? 0)) continue;
      worst.set(key, {
        nodes,
        text: `${short(image)} fails on ${nodes === 1 ? 'one node' : `${nodes} nodes`}, ${reason}: ${message}`,
      });
    }
  }
  return new Map([...worst].map(([key, { text }]) => [key, text]));
}

function onlyIn<V>(
  a: ReadonlyMap<string, V>,
  b: ReadonlyMap<string, unknown>,
): readonly (readonly [string, V, string])[] {
  return [...a]
    .filter(([key]) => !b.has(key))
    .map(([key, value]) => [key, value, short(key.slice(key.indexOf(' ') + 1))]);
}

function missing(a: Iterable<string>, b: Iterable<string>): readonly string[] {
  if (a === b) return [];
  const known = new Set(b);
  return [...a].filter(item => !known.has(item));
}

function statusOf(status: PrefetchStatus | undefined, type: string): string | undefined {
  return status?.conditions.find(condition => condition.type === type)?.status;
}

function messageOf(status: PrefetchStatus, type: string): string {
  return status.conditions.find(condition => condition.type === type)?.message ?? '';
}

/** Of a name or a message that may be very long. */
export function short(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
}
