import { isDeepStrictEqual } from 'node:util';
import { techsquadPhase } from '@kube-prefetch/core';
import { PrefetchStatus, type ResourceRef, TECHSQUAD_KIND, messageParser, resourceName } from '@kube-prefetch/protocol';
import type { Clock } from '@kube-prefetch/time';
import { EVENTS, RESOURCES } from '../api/kinds.ts';
import {
  type KubeApi,
  KubeApiError,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type ObjectName,
} from '../api/kube-api.ts';
import type { StatusEvent, StatusSink } from '../ports/source-and-sink.ts';
import { buildEvent } from './build-event.ts';
import { type OverwriteDetector, createOverwriteDetector } from './detect-overwrites.ts';

export interface KubernetesStatusSinkOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** The pod's name, for events. */
  readonly instance: string;
  /** Shared with the source, whose lists and watches it sees. Without it no overwrite is detected. */
  readonly overwrites?: OverwriteDetector;
}

/** Of the same events about a resource, one is written in this time. */
const SAME_EVENT_MS = 60_000;

/**
 * Writes the status subresource, and Events. The patch that a write sends is made from the status that the server holds: from what it
 * returned last, as long as the watches have shown no other one. The patch names that version, so the server refuses it where the object
 * is another one by now. Then, and where nothing is known, the object is read first.
 */
export function createKubernetesStatusSink(options: KubernetesStatusSinkOptions): StatusSink {
  const { api, clock, instance, overwrites = createOverwriteDetector() } = options;
  /** When an event was last written, by resource, type and reason. */
  const told = new Map<string, number>();
  let events = 0;

  const isRepeated = (resource: ResourceRef, { type, reason }: StatusEvent): boolean => {
    const now = clock.monotonicMs();
    for (const [key, atMs] of told) if (now - atMs >= SAME_EVENT_MS) told.delete(key);
    const key = `${resourceName(resource)} ${type} ${reason}`;
    if (told.has(key)) return true;
    told.set(key, now);
    return false;
  };

  const get = (resource: ResourceRef, signal: AbortSignal) =>
    orGone(api.get(kindOf(resource), objectName(resource), signal));

  const current = (resource: ResourceRef, signal: AbortSignal) => {
    // Before the request, so that no overwrite during it is missed.
    overwrites.follow(resource);
    return get(resource, signal);
  };

  const patch = (resource: ResourceRef, object: KubeObject, status: object) =>
    ({
      verb: 'patchStatus',
      kind: kindOf(resource),
      name: objectName(resource),
      status: mergePatchTo(object.status, status),
    }) as const;

  /** Undefined where the object has to be read first. */
  const updateKnown = async (resource: ResourceRef, status: object, signal: AbortSignal) => {
    const known = overwrites.known(resource);
    if (known === undefined || isDeepStrictEqual(known.status, status)) return undefined;
    const { resourceVersion = '' } = known.metadata;
    try {
      return await api.write({ ...patch(resource, known, status), resourceVersion }, signal);
    } catch (error) {
      if (isFailure(error, 'Conflict') || isFailure(error, 'NotFound')) return undefined;
      throw error;
    }
  };

  /** Returns the object as it is afterwards: `object` itself when there is nothing to write. */
  const update = (resource: ResourceRef, object: KubeObject, status: object, signal: AbortSignal) => {
    if (isDeepStrictEqual(object.status, status)) return object;
    return orGone(api.write(patch(resource, object, status), signal));
  };

  return {
    async read(resource, signal) {
      const object = await current(resource, signal);
      if (object === undefined) return undefined;
      overwrites.settle(resource, object);
      return readable(object.status);
    },
    async write(resource, status, signal) {
      const wanted = inItsWords(resource, status);
      const updated = await updateKnown(resource, wanted, signal);
      const object = updated === undefined ? await current(resource, signal) : undefined;
      const written = updated ?? (object && (await update(resource, object, wanted, signal)));
      if (written === undefined) {
        overwrites.forget(resource);
        return 'gone';
      }
      overwrites.settle(resource, written);
      return written === object ? 'unchanged' : 'written';
    },
    async event(resource, event, signal) {
      if (isRepeated(resource, event)) return;
      const regarding = overwrites.known(resource) ?? (await get(resource, signal));
      if (regarding === undefined) return;
      events += 1;
      const object = buildEvent(kindOf(resource), regarding, event, { clock, instance, number: events });
      await orGone(api.write({ verb: 'create', kind: EVENTS, object }, signal));
    },
    isOverwritten: resource => overwrites.isOverwritten(resource),
  };
}

function kindOf({ kind }: ResourceRef): KubeKind {
  return RESOURCES[kind];
}

/** In the words of the resource's kind. */
function inItsWords({ kind }: ResourceRef, status: PrefetchStatus): object {
  return kind === TECHSQUAD_KIND ? { phase: techsquadPhase(status) } : status;
}

function objectName({ namespace, name }: ResourceRef): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}

async function orGone(answer: Promise<KubeObject>): Promise<KubeObject | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isFailure(error, 'NotFound')) return undefined;
    throw error;
  }
}

function isFailure(error: unknown, failure: KubeFailure): boolean {
  return error instanceof KubeApiError && error.failure === failure;
}

const parseStatus = messageParser(PrefetchStatus, 'status');

/** Undefined for a status that another version of ours wrote, or in the words of another operator's kind. */
function readable(status: unknown): PrefetchStatus | undefined {
  try {
    return parseStatus(status);
  } catch {
    return undefined;
  }
}

/** The JSON merge patch that turns `current` into `wanted`: all of `wanted`, and null for each other field of `current`. */
function mergePatchTo(current: unknown, wanted: object): object {
  const patch: Record<string, unknown> = { ...wanted };
  if (!isMapping(current)) return patch;
  for (const [field, value] of Object.entries(current)) {
    const next = (wanted as Record<string, unknown>)[field];
    patch[field] = next === undefined ? null : isMapping(next) ? mergePatchTo(value, next) : next;
  }
  return patch;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
