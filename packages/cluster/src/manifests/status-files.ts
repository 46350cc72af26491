import { hash, randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  API_VERSION,
  isDnsLabel,
  isSubdomain,
  messageParser,
  PrefetchStatus,
  type ResourceRef,
} from '@kube-prefetch/protocol';
import { type Clock, createBoundedCalls, timestamp } from '@kube-prefetch/time';
import { parseDocument, stringify } from 'yaml';
import type { StatusEvent, StatusSink } from '../ports/source-and-sink.ts';

export interface ManifestsStatusSinkOptions {
  /** Created when it does not exist. */
  readonly dir: string;
  readonly clock: Clock;
  /** Whether the resource is still declared. The default is that each one is. */
  readonly exists?: (resource: ResourceRef) => boolean;
}

/** A larger `events.jsonl` is moved to `events.1.jsonl`, so that both together take at most twice as much. */
const MAX_EVENTS_BYTES = 1024 * 1024;
/** One at a time: two calls could both move the file. */
const EVENTS = { running: 1, waiting: 100 };

/** Writes one status file for each resource, `<kind>.<namespace>.<name>.yaml`, and events as lines of `events.jsonl`. */
export function createManifestsStatusSink(options: ManifestsStatusSinkOptions): StatusSink {
  const { dir, clock, exists = () => true } = options;
  const events = createBoundedCalls(EVENTS);

  const append = async (line: string) => {
    await mkdir(dir, { recursive: true });
    const path = join(dir, 'events.jsonl');
    if ((await sizeOf(path)) >= MAX_EVENTS_BYTES) await rename(path, join(dir, 'events.1.jsonl'));
    await appendFile(path, line);
  };

  return {
    async read(resource, signal) {
      signal.throwIfAborted();
      const contents = await currentContents(join(dir, statusFileName(resource)));
      return contents === undefined ? undefined : readable(contents);
    },
    async write(resource, status, signal) {
      signal.throwIfAborted();
      const path = join(dir, statusFileName(resource));
      if (!exists(resource)) {
        await rm(path, { force: true });
        return 'gone';
      }
      const contents = render(resource, status);
      if ((await currentContents(path)) === contents) return 'unchanged';
      await mkdir(dir, { recursive: true });
      await writeAtomically(path, contents);
      return 'written';
    },
    event: (resource, event, signal) => {
      const line = eventLine(timestamp(clock), resource, event);
      return events.run(() => append(line), signal);
    },
  };
}

/** The limit of common file systems. */
const MAX_FILE_NAME_BYTES = 255;

/** No two resources share a file: namespaces have no dots, and names have no tilde. */
function statusFileName({ kind, namespace, name }: ResourceRef): string {
  if (!isSubdomain(name) || (namespace !== undefined && !isDnsLabel(namespace)))
    throw new Error(`expected a resource whose name can be a file's, got ${JSON.stringify({ namespace, name })}`);
  const whole = [kind, namespace, name].filter(part => part !== undefined).join('.');
  const longest = MAX_FILE_NAME_BYTES - '.yaml'.length;
  if (whole.length <= longest) return `${whole}.yaml`;
  const mark = `~${hash('sha256', whole)}`;
  return `${whole.slice(0, longest - mark.length)}${mark}.yaml`;
}

function render({ kind, namespace, name }: ResourceRef, status: PrefetchStatus): string {
  const resource = { kind, ...(namespace === undefined ? {} : { namespace }), name };
  const document = { apiVersion: API_VERSION, kind: 'PrefetchStatus', resource, status };
  return `# Written by kube-prefetch; what is changed here is overwritten.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function eventLine(time: string, resource: ResourceRef, event: StatusEvent): string {
  return `${JSON.stringify({ time, resource, ...event })}\n`;
}

const parseStatus = messageParser(PrefetchStatus, 'status');

/** Undefined for a file that somebody spoilt: it will be overwritten. */
function readable(contents: string): PrefetchStatus | undefined {
  const document = parseDocument(contents);
  if (document.errors.length > 0) return undefined;
  try {
    return parseStatus((document.toJS() as { status?: unknown } | null)?.status);
  } catch {
    return undefined;
  }
}

async function currentContents(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(absentAsUndefined);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(absentAsUndefined))?.size ?? 0;
}

function absentAsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

/**
 * Readers see the old contents or the new ones, never a part. A failed write leaves no file, or on a full disk each try would
 * leave one. The dot in the temporary name hides it from a manifests source.
 */
async function writeAtomically(path: string, contents: string): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, contents);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
