import { expect, test } from 'vitest';
import { addressProblems, parseCoordinatorAddress } from './coordinator-address.ts';

const files = { caFile: '/etc/kube-prefetch/ca.crt', tokenFile: '/etc/kube-prefetch/token' };

test.each([
  ['http://127.0.0.1:7070', { url: 'http://127.0.0.1:7070', host: '127.0.0.1', port: 7070 }],
  ['http://127.8.9.10:7070/', { url: 'http://127.8.9.10:7070', host: '127.8.9.10', port: 7070 }],
  ['http://[::1]:7070', { url: 'http://[::1]:7070', host: '::1', port: 7070 }],
  ['http://localhost', { url: 'http://localhost', host: 'localhost', port: 80 }],
])('%s is this machine: plain HTTP, and nothing to show', (coordinator, address) => {
  expect(parseCoordinatorAddress({ coordinator })).toEqual({ ...address, identityFiles: undefined });
});

test.each([
  ['https://kp.ns.svc:7070', { url: 'https://kp.ns.svc:7070', host: 'kp.ns.svc', port: 7070 }],
  ['https://kp.ns.svc/', { url: 'https://kp.ns.svc', host: 'kp.ns.svc', port: 443 }],
  ['https://[fd00::1]:7070', { url: 'https://[fd00::1]:7070', host: 'fd00::1', port: 7070 }],
])('%s is asked with the token', (coordinator, address) => {
  expect(parseCoordinatorAddress({ coordinator, ...files })).toEqual({ ...address, identityFiles: files });
});

test.each([
  ['kp.ns.svc:7070', files, 'expected https://HOST:PORT, got "kp.ns.svc:7070"'],
  ['ftp://kp.ns.svc', files, 'expected https://HOST:PORT'],
  ['https://kp.ns.svc?x=1', files, 'expected https://HOST:PORT'],
  ['http://kp.ns.svc:7070', {}, 'plain HTTP is for the same machine only'],
  ['http://10.0.0.1:7070', {}, 'plain HTTP is for the same machine only'],
  ['http://127.0.0.1.example:7070', {}, 'plain HTTP is for the same machine only'],
  ['http://127.0.0.1:7070', { tokenFile: files.tokenFile }, 'a token is sent over https only'],
  ['http://127.0.0.1:7070', { caFile: files.caFile }, 'a token is sent over https only'],
  ['https://kp.ns.svc:7070', {}, 'expected --ca-file (KUBE_PREFETCH_CA_FILE) and --token-file'],
  ['https://kp.ns.svc:7070', { caFile: files.caFile }, 'expected --ca-file (KUBE_PREFETCH_CA_FILE) and --token-file'],
])('%s with %o is refused with a sentence', (coordinator, more, sentence) => {
  expect(addressProblems({ coordinator, ...more })).toEqual([expect.stringContaining(sentence)]);
});
