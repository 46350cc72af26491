import type { ServerResponse } from 'node:http';
import type { StandInObject } from './cluster-objects.ts';

/** Events that a watch may ask for although they came before it. */
const MOST_EVENTS = 50_000;
const BOOKMARK_EVERY_MS = 60_000;

interface StoredEvent {
  readonly version: number;
  readonly line: string;
}

/** The objects of one kind: lists in pages, watches that resume. */
export interface ObjectCollection {
  get(key: string): StandInObject | undefined;
  /** Adds or replaces it, with the next version. */
  put(object: StandInObject): StandInObject;
  page(limit: number, from: number): string;
  /** Writes events until the response is closed or `seconds` have passed. */
  watch(response: ServerResponse, after: number, seconds: number): void;
}

export function createCollection(nextVersion: () => number, currentVersion: () => number): ObjectCollection {
  const objects = new Map<string, StandInObject>();
  /** Of the lists: made when they are asked for. */
  let sorted: readonly StandInObject[] | undefined;
  const events: StoredEvent[] = [];
  const watching = new Set<ServerResponse>();
  let kind = 'Object';

  return {
    get: key => objects.get(key),
    put(object) {
      const version = nextVersion();
      const key = keyOf(object.metadata);
      const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
      const uid = objects.get(key)?.metadata.uid ?? `00000000-0000-4000-8000-${String(version).padStart(12, '0')}`;
      const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } };
      kind = object.kind;
      objects.set(key, stored);
      sorted = undefined;
      const line = `${JSON.stringify({ type, object: stored })}\n`;
      // Nobody watched before the first list.
      if (watching.size > 0) events.push({ version, line });
      if (events.length > MOST_EVENTS) events.splice(0, MOST_EVENTS / 2);
      for (const response of watching) response.write(line);
      return stored;
    },
    page(limit, from) {
      sorted ??= [...objects.values()].sort((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
      const items = sorted.slice(from, from + limit);
      const more = from + limit < sorted.length ? { continue: String(from + limit) } : {};
      return JSON.stringify({
        kind: `${kind}List`,
        apiVersion: 'v1',
        metadata: { resourceVersion: String(currentVersion()), ...more },
        items,
      });
    },
    watch(response, after, seconds) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      for (const { version, line } of events) if (version > after) response.write(line);
      watching.add(response);
      const bookmark = setInterval(() => {
        const metadata = { resourceVersion: String(currentVersion()) };
        response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind, metadata } })}\n`);
      }, BOOKMARK_EVERY_MS);
      const end = setTimeout(() => response.end(), seconds * 1_000);
      response.once('close', () => {
        clearInterval(bookmark);
        clearTimeout(end);
        watching.delete(response);
      });
    },
  };
}

export function keyOf({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
