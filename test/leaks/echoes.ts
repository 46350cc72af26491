/** What the registry was sent. */
export interface Heard {
  /** The whole header. */
  readonly authorization: string;
  readonly username: string;
  readonly password: string;
}

const hexOf = (text: string) => Buffer.from(text).toString('hex').match(/../g) ?? [];
const lines = (text: string, width: number, end = '\n') =>
  text.match(new RegExp(`[^]{1,${width}}`, 'gu'))?.join(end) ?? '';
const codes = (text: string, show: (code: string) => string) =>
  Array.from(text, letter => show((letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0'))).join('');
const pairOf = ({ username, password }: Heard) => `${username}:${password}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** How a registry repeats what it was sent. */
export const ECHOES = {
  header: ({ authorization }) => `Authorization: ${authorization}`,
  'header in JSON': ({ authorization }) => JSON.stringify({ Authorization: [authorization] }),
  'bare header': ({ authorization }) => authorization.replace(/^\w+ /, ''),
  pair: pairOf,
  password: ({ password }) => password,
  'first half': ({ password }) => password.slice(0, 16),
  'password in base64': ({ password }) => base64(password),
  'password in base64url': ({ password }) => Buffer.from(password).toString('base64url'),
  'pair in hex': heard => hexOf(pairOf(heard)).join(''),
  'user information': heard => `https://${pairOf(heard)}@r.example/v2/`,
  'encoded user information': ({ username, password }) =>
    `https://${encodeURIComponent(username)}:${encodeURIComponent(password)}@r.example/v2/`,
  parameter: ({ password }) => `GET /v2/?x=1&q=${encodeURIComponent(password)}&y=2`,
  'in lower percents': ({ password }) => encodeURIComponent(password).toLowerCase().replaceAll('%', '%'),
  'all in percents': ({ password }) =>
    hexOf(password)
      .map(byte => `%${byte}`)
      .join(''),
  'escaped twice': ({ password }) => JSON.stringify(JSON.stringify(password)),
  'as Go quotes': ({ password }) => `"${JSON.stringify(password).slice(1, -1).replaceAll('é', '\\u00e9')}"`,
  'all in \\u': ({ password }) => codes(password, code => `\\u${code}`),
  'all in \\x': ({ password }) =>
    hexOf(password)
      .map(byte => `\\x${byte}`)
      .join(''),
  'as HTML': ({ password }) =>
    password.replaceAll('&', '&amp;').replaceAll('"', '&#34;').replaceAll('<', '&lt;').replaceAll('+', '&#43;'),
  'all in entities': ({ password }) => codes(password, code => `&#x${code};`),
  'over lines': ({ password }) => lines(password, 5),
  'over escaped lines': ({ password }) => lines(password, 5, '\\r\\n'),
  'base64 over lines': heard => lines(base64(pairOf(heard)), 19, '\r\n'),
  'with zero width': ({ password }) => lines(password, 3, '\u200b'),
  'in a long text': ({ password }) => `${'x '.repeat(4_000)}${password}${' y'.repeat(9_000)}`,
  'without end': ({ password }) => `${password} `.repeat(4_000),
} as const satisfies Readonly<Record<string, (heard: Heard) => string>>;

export interface Answer {
  readonly status: number;
  readonly statusText?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes in place of an HTTP answer. */
  readonly raw?: string;
  /** The body is cut or filled up to the length that is expected. */
  readonly asLong?: boolean;
  /** The connection stays open, and what is announced never comes. */
  readonly hangs?: boolean;
}

/** From which request on it answers so: before that, as a registry should. */
type From = 'HEAD' | 'GET of the manifest' | 'GET of a blob' | 'token server';

export interface Place {
  readonly from: From;
  readonly answer: (echo: string) => Answer;
}

const errors = (status: number, more: object): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ errors: [{ code: 'DENIED', message: 'no', ...more }] }),
});

/** Where it says it. */
export const PLACES: Readonly<Record<string, Place>> = {
  'the message of an error': { from: 'GET of a blob', answer: message => errors(403, { message }) },
  'a body': { from: 'GET of the manifest', answer: body => ({ status: 403, body }) },
  'the status text': { from: 'HEAD', answer: statusText => ({ status: 403, statusText }) },
  'the code of an error': { from: 'GET of the manifest', answer: code => errors(401, { code }) },
  'the detail of an error': { from: 'GET of a blob', answer: detail => errors(429, { detail: { why: [detail] } }) },
  'an error that is missing': { from: 'GET of the manifest', answer: message => errors(404, { message }) },
  'the keys of an error': { from: 'GET of a blob', answer: key => errors(503, { [key]: key }) },
  'JSON that is cut': {
    from: 'GET of a blob',
    answer: text => ({ ...errors(400, {}), body: `{"errors": [{"message": "${text}` }),
  },
  'a page': {
    from: 'GET of the manifest',
    answer: text => ({ status: 200, headers: { 'content-type': 'text/html' }, body: `<html>${text}</html>` }),
  },
  'the type of a manifest': {
    from: 'HEAD',
    answer: type => ({ status: 200, headers: { 'content-type': type }, body: '{}' }),
  },
  'a field of a manifest': {
    from: 'GET of the manifest',
    answer: mediaType => ({
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: { mediaType, digest: mediaType, size: 1 },
        layers: [],
      }),
    }),
  },
  'the digest of a manifest': {
    from: 'HEAD',
    answer: digest => ({
      status: 200,
      headers: { 'docker-content-digest': digest, 'content-type': 'application/json' },
    }),
  },
  'the realm of a challenge': {
    from: 'HEAD',
    answer: realm => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="${realm}"` } }),
  },
  'the error of a challenge': {
    from: 'HEAD',
    answer: text => ({
      status: 401,
      headers: { 'www-authenticate': `Bearer error="invalid_token",error_description="${text}"` },
    }),
  },
  'the scheme of a challenge': {
    from: 'HEAD',
    answer: scheme => ({ status: 401, headers: { 'www-authenticate': scheme } }),
  },
  'a redirect': {
    from: 'GET of a blob',
    answer: to => ({ status: 307, headers: { location: `http://127.0.0.1:1/${to}` } }),
  },
  'the user of a redirect': {
    from: 'GET of a blob',
    answer: to => ({ status: 302, headers: { location: `http://${encodeURIComponent(to)}:x@127.0.0.1:1/` } }),
  },
  'the host of a redirect': {
    from: 'GET of the manifest',
    answer: to => ({ status: 307, headers: { location: `http://${to}/x` } }),
  },
  'the parameter of a redirect': {
    from: 'GET of a blob',
    answer: to => ({
      status: 307,
      headers: { location: `http://127.0.0.1:1/blob?a=b&X-Amz-Security-Token=${encodeURIComponent(to)}` },
    }),
  },
  'a redirect that is no URL': { from: 'HEAD', answer: to => ({ status: 307, headers: { location: `:${to}:` } }) },
  'a line that is no HTTP': { from: 'HEAD', answer: raw => ({ status: 0, raw: `HTTQ ${raw}\r\n\r\n` }) },
  'a header that is none': {
    from: 'GET of a blob',
    answer: raw => ({ status: 0, raw: `HTTP/1.1 200 OK\r\n${raw}\r\n\r\n` }),
  },
  'a layer of other bytes': { from: 'GET of a blob', answer: body => ({ status: 200, body, asLong: true }) },
  'a layer that never ends': { from: 'GET of a blob', answer: body => ({ status: 200, body, hangs: true }) },
  'the error of a token server': {
    from: 'token server',
    answer: text => ({
      ...errors(401, { message: text }),
      body: JSON.stringify({ details: text, errors: [{ code: text, message: text }] }),
    }),
  },
  'the status text of a token server': { from: 'token server', answer: statusText => ({ status: 400, statusText }) },
  'a token that is none': { from: 'token server', answer: text => ({ status: 200, body: `{"token": ${text}` }) },
  'a redirect of a token server': {
    from: 'token server',
    answer: to => ({ status: 307, headers: { location: `http://127.0.0.1:1/?q=${encodeURIComponent(to)}` } }),
  },
};
