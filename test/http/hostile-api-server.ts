import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type PlainObject, READ_KINDS } from '@kube-prefetch/cluster/testing';
import type { Random } from '@kube-prefetch/time';

/** Answers lists and watches as an API server does, or as nobody should. */
export interface HostileApiServer {
  readonly url: string;
  /** What is true from now on; honest watches tell it. */
  hold(objects: readonly PlainObject[]): void;
  /** Whether answers may be anything. Ends every watch. */
  beHostile(hostile: boolean): void;
  /** How often each answer was given. */
  readonly given: ReadonlyMap<string, number>;
  requests(): number;
  close(): Promise<void>;
}

type Kind = (typeof READ_KINDS)[number];

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: PlainObject;
}

const nameOf = ({ kind, metadata }: PlainObject) => {
  const { namespace, name } = metadata as Readonly<Record<string, unknown>>;
  return JSON.stringify([kind, namespace, name]);
};
const stamped = (object: PlainObject, version: number): PlainObject => ({
  ...object,
  metadata: { ...(object.metadata as object), resourceVersion: String(version) },
});

/** One way to answer, after which the answer is over or hangs. */
type Answer = (response: ServerResponse, kind: Kind) => void;

const json =
  (status: number, body: unknown): Answer =>
  response => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const status = (code: number, reason: string): Answer =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: reason });
const LISTED = { metadata: { resourceVersion: '1' }, items: [] };
const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

const BOMB = gzipSync(Buffer.alloc(64 * 2 ** 20));
/** In real time: the clock of the reading is so much faster that this is about one second of it. */
const DRIP_MS = 10;

function drip(response: ServerResponse, text: string): void {
  let sent = 0;
  const timer = setInterval(() => response.write(text[sent++ % text.length]), DRIP_MS);
  response.once('close', () => clearInterval(timer));
}

function pour(to: Writable, piece: string): void {
  const more = () => {
    while (!to.destroyed && to.write(piece));
  };
  to.on('drain', more);
  more();
}

/** To a list, or to a watch before it is accepted. */
const REFUSALS: Readonly<Record<string, Answer>> = {
  '500': status(500, 'InternalError'),
  '429 with a far Retry-After': response => response.writeHead(429, { 'retry-after': '86400' }).end('{}'),
  '410': status(410, 'Expired'),
  '403': status(403, 'Forbidden'),
  '404 of a proxy': response => response.writeHead(404).end('<html>no such page'),
  'a redirect': response => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  'no JSON': json(200, '<html>welcome'),
  'no bytes': json(200, ''),
  'deep JSON': json(200, DEEP),
  'gzip that is none': response => response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}'),
  'gzip that nobody asked for': response =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(LISTED))),
  'a bomb of gzip': response => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
  'a kind as deep as it goes': json(200, `{"kind":${DEEP}}`),
  'an answer without end': response => {
    response.writeHead(200, { 'content-type': 'application/json' });
    pour(response, 'x'.repeat(65_536));
  },
  'a head without end': response => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    if (response.socket !== null) pour(response.socket, `x-more: ${'x'.repeat(8_000)}\r\n`);
  },
  'a byte a second': (response, kind) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    drip(response, JSON.stringify({ kind: `${kind.kind}List`, ...LISTED }));
  },
  'no HTTP': response => void response.socket?.end('220 smtp.example ESMTP\r\n'),
  'a connection that ends': response => void response.socket?.destroy(),
  'half an answer': response => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"kind":"');
    setTimeout(() => response.socket?.destroy(), 5);
  },
  silence: () => {},
};

const LISTS: Readonly<Record<string, Answer>> = {
  'an empty list of another kind': json(200, { kind: 'PodList', apiVersion: 'v1', ...LISTED }),
  'a list without items': (response, { kind }) =>
    json(200, { kind: `${kind}List`, ...LISTED, items: null })(response, {} as Kind),
  'a list without a version': (response, { kind }) =>
    json(200, { kind: `${kind}List`, metadata: { resourceVersion: '' }, items: [] })(response, {} as Kind),
  'a list without end': (response, { kind }) =>
    json(200, { kind: `${kind}List`, metadata: { resourceVersion: '1', continue: 'more' }, items: [] })(
      response,
      {} as Kind,
    ),
  'a Status that says Success': json(200, { kind: 'Status', status: 'Success' }),
  'a list of prototypes': (response, { kind }) =>
    json(
      200,
      `{"kind":"${kind}List","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"__proto__":{"name":"web","namespace":"shop"}}}]}`,
    )(response, {} as Kind),
  'an empty list of version 0': (response, { kind }) =>
    json(200, { kind: `${kind}List`, metadata: { resourceVersion: '0' }, items: [] })(response, {} as Kind),
  'objects of odd types': (response, { kind }) =>
    json(200, {
      kind: `${kind}List`,
      ...LISTED,
      items: [{ metadata: { name: {}, namespace: { toString: 1 } } }, 7, null],
    })(response, {} as Kind),
};

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
/** To a watch that was accepted. Each is followed by the end of the stream, by a cut, or by nothing. */
const EVENTS: Readonly<Record<string, (kind: Kind) => string>> = {
  'no event': () => '',
  'an event of another kind': () => event('ADDED', { kind: 'Pod', metadata: { name: 'x', namespace: 'y' } }),
  'an event without metadata': ({ kind }) => event('MODIFIED', { kind }),
  'a deletion without a name': ({ kind }) => event('DELETED', { kind, metadata: {} }),
  'odd types': ({ kind }) =>
    event('ADDED', { kind, metadata: { name: 'x', namespace: { valueOf: 1, toString: 2 }, resourceVersion: 9 } }),
  'a bookmark without a version': ({ kind }) => event('BOOKMARK', { kind, metadata: {} }),
  ...Object.fromEntries(
    ['1', '0', '', '-1', 'x', '99999999999999999999'].map(resourceVersion => [
      `a bookmark of version "${resourceVersion}"`,
      ({ kind }: Kind) => event('BOOKMARK', { kind, metadata: { resourceVersion } }),
    ]),
  ),
  'a bookmark of another type': () => event('BOOKMARK', []),
  'an error 410': () => event('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }),
  'an error 500': () => event('ERROR', { kind: 'Status', code: 500 }),
  'an error without a code': () => event('ERROR', {}),
  'an event of an unknown type': ({ kind }) => event('EXPLODED', { kind }),
  'no JSON': () => 'hello\n',
  'NUL and half a character': () => '\0\uFFFD{"type":\n',
  'keys of prototypes': ({ kind }) => `{"__proto__":{"type":"DELETED"},"constructor":1,"object":{"kind":"${kind}"}}\n`,
  'deep JSON': () => `${DEEP}\n`,
  'more lines than anybody needs': ({ kind }) => event('EXPLODED', { kind }).repeat(5_000),
  'half a line': () => '{"type":"ADDED","object":{"kind"',
};
const ENDS = ['closes', 'cuts', 'says no more', 'drips', 'goes on without a newline'] as const;

export async function startHostileApiServer(random: Random): Promise<HostileApiServer> {
  const given = new Map<string, number>();
  const watches = new Map<ServerResponse, Kind>();
  let held = new Map<string, PlainObject>();
  const history: Change[] = [];
  let version = 1;
  let hostile = false;
  let asked = 0;

  const pick = <T>(what: string, choices: Readonly<Record<string, T>>): T => {
    const names = Object.keys(choices);
    const name = names[Math.floor(random() * names.length)] as string;
    given.set(`${what}: ${name}`, (given.get(`${what}: ${name}`) ?? 0) + 1);
    return choices[name] as T;
  };
  const of = (kind: Kind) => [...held.values()].filter(object => object.kind === kind.kind);

  const listHonestly = (response: ServerResponse, kind: Kind) =>
    json(200, {
      kind: `${kind.kind}List`,
      apiVersion: kind.apiVersion,
      metadata: { resourceVersion: String(version) },
      items: of(kind),
    })(response, kind);
  const watchHonestly = (response: ServerResponse, kind: Kind, from: number) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    watches.set(response, kind);
    response.once('close', () => watches.delete(response));
    if (from > 0) {
      for (const change of history) if (change.version > from) tell(response, kind, change);
    } else for (const object of of(kind)) response.write(event('ADDED', object));
  };
  const tell = (response: ServerResponse, kind: Kind, { type, object }: Change) => {
    if (object.kind === kind.kind) response.write(event(type, object));
  };
  const watchAsNobodyShould = (response: ServerResponse, kind: Kind) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const events = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick('watch', EVENTS)(kind));
    const end = pick('then', Object.fromEntries(ENDS.map(name => [name, name])));
    response.write(events.join(''), () => {
      if (end === 'closes') response.end();
      if (end === 'cuts') response.socket?.destroy();
      if (end === 'drips') drip(response, event('EXPLODED', {}));
      if (end === 'goes on without a newline') pour(response, 'x'.repeat(65_536));
    });
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    asked += 1;
    response.on('error', () => {});
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const kind = READ_KINDS.find(candidate => pathname.endsWith(`/${candidate.plural}`));
    const isWatch = searchParams.get('watch') === 'true';
    if (kind === undefined) response.writeHead(404).end();
    else if (!hostile) {
      const from = searchParams.get('resourceVersion') ?? '';
      if (isWatch && !/^\d*$/.test(from)) status(400, 'BadRequest')(response, kind);
      else if (isWatch && Number(from) > version) status(504, 'Timeout')(response, kind);
      else if (isWatch) watchHonestly(response, kind, Number(from));
      else listHonestly(response, kind);
    } else if (random() < 0.3) pick('refuses', REFUSALS)(response, kind);
    else if (isWatch) watchAsNobodyShould(response, kind);
    else pick('list', LISTS)(response, kind);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    given,
    requests: () => asked,
    hold(objects) {
      version += 1;
      const next = new Map(objects.map(object => [nameOf(object), stamped(object, version)]));
      const gone = [...held].filter(([name]) => !next.has(name)).map(([, object]) => stamped(object, version));
      const changes = [
        ...gone.map((object): Change => ({ type: 'DELETED', version, object })),
        ...[...next].map(
          ([name, object]): Change => ({ type: held.has(name) ? 'MODIFIED' : 'ADDED', version, object }),
        ),
      ];
      held = next;
      history.push(...changes);
      for (const [response, kind] of watches) for (const change of changes) tell(response, kind, change);
    },
    beHostile(next) {
      hostile = next;
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
