import { aCell, aPermitRequest, aReport, want } from '@kube-prefetch/coordinator/testing';
import type { Random } from '@kube-prefetch/time';

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PRI', 'get', 'G E T', ''];
const PATHS = [
  '/v1/nodes/n1/plan',
  '/v1/nodes/n1/plan?wait=0',
  '/v1/nodes/n1/plan?wait=1e400&wait[]=2',
  '/v1/nodes/n1/report',
  '/v1/nodes/n1/leases',
  '/v1/nodes/%00%ff%2e%2e%2f/plan',
  `/v1/nodes/${'n'.repeat(2_000)}/plan`,
  '/v1/nodes/__proto__/report',
  '/v1/overview',
  '/',
  '/assets/..%2f..%2fmain.mjs',
  '/v1/cells',
  '/v1/asks/%2f/../x',
  '/v1/events?after=%00&after[]=x',
  '/v1/images/r.example/a:1',
  '/v1/images/%E0%A4%A',
  '/metrics',
  '/healthz',
  '/readyz',
  '//../../etc/passwd',
  '*',
  'http://elsewhere.example/metrics',
  `/${'%41'.repeat(3_000)}`,
  `/x?${'a[b]=c&'.repeat(2_000)}`,
];
const HEADERS = [
  'Host: localhost',
  'Host: a\r\nHost: b',
  'Connection: keep-alive, close, upgrade',
  'Upgrade: h2c',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, identity',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Type: application/json',
  'Content-Type: application/json; charset=utf-7',
  'Content-Type: multipart/form-data; boundary=x',
  'Content-Encoding: gzip',
  'Expect: 100-continue',
  'If-None-Match: "a", W/"b", *',
  `Authorization: Bearer ${'e'.repeat(4_000)}`,
  `Cookie: ${'a=b; '.repeat(1_000)}`,
  'X-\u0001Bad: \u0000',
  ' folded: yes',
  `X-Many: ${'x'.repeat(20_000)}`,
];
const VALUES = [null, true, -1, 0.5, 1e308, '', '\u0000', '__proto__', 'x'.repeat(5_000), [], {}, [[[[]]]]];

/** One request as bytes, as good HTTP around a bad message or path, or as bad HTTP. */
export function hostileRequest(random: Random, authorization?: string): Buffer {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const chance = (share: number) => random() < share;
  const goodHttp = chance(0.6);
  const method = goodHttp || chance(0.5) ? pick(['GET', 'POST']) : pick(METHODS);
  const body = Buffer.from(method === 'POST' ? hostileBody(pick, chance) : '');
  const head = [
    `${method} ${pick(chance(0.5) ? PATHS.slice(0, 5) : PATHS)} ${goodHttp || chance(0.9) ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/2.0', 'SPDY'])}`,
    'Host: localhost',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...(method === 'POST' ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
    ...(goodHttp ? [] : Array.from({ length: Math.floor(random() * 4) }, () => pick(HEADERS))),
  ];
  const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
  if (goodHttp) return bytes;
  if (chance(0.3)) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return chance(0.1) ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

function hostileBody(pick: <T>(all: readonly T[]) => T, chance: (share: number) => boolean): string {
  const message = pick<object>([
    aReport({ cells: [aCell(), aCell({ image: 'b:1', state: 'Missing' })] }),
    aPermitRequest({ wanting: want('a:1', 'b:1'), holding: ['c:1'] }),
    {},
  ]);
  const text = JSON.stringify(message, (_, value: unknown) => (chance(0.04) ? structuredClone(pick(VALUES)) : value));
  if (chance(0.05)) return '['.repeat(50_000);
  if (chance(0.05)) return `{"cells":[${'{},'.repeat(20_000)}{}]}`;
  if (chance(0.05)) return `${text.slice(0, -1)},"__proto__":{"polluted":true},"constructor":{"prototype":{}}}`;
  return chance(0.1) ? text.slice(0, text.length / 2) : text;
}
