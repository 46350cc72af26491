import { createSign, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort, runProgram, type Say, startServer } from '../machine/index.ts';
import { parseAccessLog, type RegistryRequest } from './parse-access-log.ts';
import { type Registry, startRegistry, writeRegistryConfig } from './start-registry.ts';

const SERVICE = 'private';
const ISSUER = 'kube-prefetch-lab';
const READY_MS = 120_000;

export interface TokenRegistry {
  /** Of those who log in at the token server. */
  readonly address: string;
  /** Of the same contents, for whoever pushes. */
  readonly open: Registry;
  /** What the token server was asked: by whom, how, and for what. */
  readonly asked: readonly {
    readonly by: string;
    readonly how: 'basic' | 'password' | 'refresh_token';
    readonly scope: string;
  }[];
  requestLog(): readonly RegistryRequest[];
  close(): Promise<void>;
}

/**
 * Debian's docker-registry with a token server of its own, as hosted registries have one: realm, service, scope. One may log in by name
 * and password, or by the identity token, and gets a token for one repository.
 */
export async function startTokenRegistry(options: {
  readonly dir: string;
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
  readonly say?: Say;
}): Promise<TokenRegistry> {
  const { dir } = options;
  const open = await startRegistry({ dir, say: options.say });
  const [key, certificate] = [join(dir, 'token.key'), join(dir, 'token.crt')];
  const subject = ['-subj', `/CN=${ISSUER}`, '-days', '2'];
  await runProgram('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    ...subject,
  ]);
  const asked: TokenRegistry['asked'][number][] = [];
  const tokens = createServer((request, response) => {
    void readForm(request).then(form => {
      const login = loginOf(request, form);
      const scope = form.get('scope') ?? '';
      const good =
        login.how === 'refresh_token'
          ? login.secret === options.identityToken
          : login.by === options.username && login.secret === options.password;
      asked.push({ by: login.by, how: login.how, scope });
      const token = good ? sign(key, certificate, login.by, scope) : undefined;
      response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(good ? { token, access_token: token, expires_in: 300 } : { details: 'wrong credentials' }),
      );
    });
  });
  await new Promise<void>(resolve => tokens.listen(0, '127.0.0.1', resolve));
  const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
  const address = `127.0.0.1:${await freePort()}`;
  const token = { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: certificate };
  const logFile = join(dir, 'token-registry.log');
  const { child } = await startServer({
    name: 'docker-registry with tokens',
    command: 'docker-registry',
    args: ['serve', writeRegistryConfig(dir, 'token', address, `{token: ${JSON.stringify(token)}}`)],
    logFile,
    ready: async () => (await fetch(`http://${address}/v2/`)).status === 401,
    serves: `the registry on ${address}`,
    readyMs: READY_MS,
  });
  return {
    address,
    open,
    asked,
    requestLog: () => parseAccessLog(readFileSync(logFile, 'utf8')),
    async close() {
      tokens.closeAllConnections();
      tokens.close();
      await Promise.all([child.stop(), open.stop()]);
    },
  };
}

/** The query of a GET, or the form of a POST as OAuth 2 has it. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const { searchParams } = new URL(request.url ?? '', 'http://localhost');
  if (request.method !== 'POST') return searchParams;
  return new URLSearchParams(Buffer.concat(await request.toArray()).toString('utf8'));
}

function loginOf(
  request: IncomingMessage,
  form: URLSearchParams,
): { by: string; how: 'basic' | 'password' | 'refresh_token'; secret: string } {
  const grant = form.get('grant_type');
  if (grant === 'refresh_token') return { by: '', how: grant, secret: form.get('refresh_token') ?? '' };
  if (grant === 'password') return { by: form.get('username') ?? '', how: grant, secret: form.get('password') ?? '' };
  const pair = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
  const [by = '', ...secret] = pair.split(':');
  return { by, how: 'basic', secret: secret.join(':') };
}

/** A token of the distribution project's specification: for what the scope asks, without a look at who may. */
function sign(keyFile: string, certificateFile: string, subject: string, scope: string): string {
  const [type = '', name = '', actions = ''] = scope.split(':');
  const seconds = Math.floor(Date.now() / 1000);
  const x5c = [new X509Certificate(readFileSync(certificateFile)).raw.toString('base64')];
  const claims = {
    iss: ISSUER,
    sub: subject,
    aud: SERVICE,
    exp: seconds + 300,
    nbf: seconds - 10,
    iat: seconds,
    jti: randomUUID(),
    access: scope === '' ? [] : [{ type, name, actions: actions.split(',') }],
  };
  const text = [{ typ: 'JWT', alg: 'RS256', x5c }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createSign('sha256').update(text).sign(readFileSync(keyFile)).toString('base64url')}`;
}
