import { isJson, jsonText, kindOfJson, objectMembers } from './json-members.ts';

/** One entry of a docker config. Neither name nor password: the kubelet tries it all the same, and so without credentials. */
export interface RegistryEntry {
  /** As written: a host, perhaps with scheme, port, path and wildcards. */
  readonly key: string;
  readonly username: string;
  readonly password: string;
  /** The kubelet drops it and tries an empty name; runtimes take it, so we keep it. */
  readonly identityToken?: string;
}

/** `dockerconfigjson` is today's `config.json` with its `auths`; `dockercfg` is their contents alone. */
export type DockerConfigForm = 'dockerconfigjson' | 'dockercfg';

/** A problem says what is wrong and holds nothing of the text, also no registry. */
export type ParsedDockerConfig = { readonly entries: readonly RegistryEntry[] } | { readonly problem: string };

/** Of the API server's Secret, whose values are base64. */
export interface PullSecret {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** What the API server allows in a Secret. */
const MAX_LENGTH = 1024 * 1024;
/** Every entry is compared with every image that the config is for. The kubelet has no bound. */
const MAX_ENTRIES = 1_000;

/** As MakeDockerKeyring of the kubelet takes a secret, except that it passes over one of another type without a word. */
export function parsePullSecret({ type, data = {} }: PullSecret): ParsedDockerConfig {
  const form = FORMS.get(type ?? '');
  if (form === undefined) return { problem: `its type is neither ${[...FORMS.keys()].join(' nor ')}` };
  const encoded = Object.hasOwn(data, `.${form}`) ? data[`.${form}`] : undefined;
  if (!encoded) return { problem: `it has nothing under .${form}` };
  return parseDockerConfig(Buffer.from(encoded, 'base64').toString('utf8'), form);
}

const FORMS: ReadonlyMap<string, DockerConfigForm> = new Map([
  ['kubernetes.io/dockerconfigjson', 'dockerconfigjson'],
  ['kubernetes.io/dockercfg', 'dockercfg'],
]);

/**
 * As the kubelet decodes it with Go's encoding/json: names in any case, of a doubled one the last, and one entry that
 * cannot be decoded spoils the whole. Decode bytes as UTF-8 without dropping a byte order mark: the kubelet refuses it.
 */
export function parseDockerConfig(text: string, form: DockerConfigForm): ParsedDockerConfig {
  if (text.length > MAX_LENGTH) return { problem: `it is longer than ${MAX_LENGTH} bytes` };
  if (!isJson(text)) return { problem: text === '' ? 'it is empty' : 'it is no JSON' };
  try {
    const entries = form === 'dockerconfigjson' ? authsIn(text.trim()) : readEntries(text.trim(), 'it', new Map());
    if (entries.size > MAX_ENTRIES) return { problem: `it has more than ${MAX_ENTRIES} entries` };
    return { entries: [...entries.values()] };
  } catch (error) {
    if (error instanceof Undecodable) return { problem: error.message };
    throw error;
  }
}

class Undecodable extends Error {
  override readonly name = 'Undecodable';

  constructor(what: string, value: string, expected: string) {
    super(`${what} is ${kindOfJson(value)}, expected ${expected}`);
  }
}

type Entries = Map<string, RegistryEntry>;

/** `credsStore`, `credHelpers` and everything else that is unknown says nothing to the kubelet. */
function authsIn(config: string): Entries {
  const entries: Entries = new Map();
  for (const [name, value] of members(config, 'it')) {
    if (AUTHS.test(name)) readEntries(value, 'auths', entries);
    if (HEADERS.test(name)) checkHeaders(value);
  }
  return entries;
}

// With u and i as Go folds names: also the long s and the Kelvin sign.
const AUTHS = /^auths$/iu;
const HEADERS = /^HttpHeaders$/iu;

/** Into `entries`: Go adds a doubled `auths` to the first one, and null empties what there was. */
function readEntries(auths: string, what: string, entries: Entries): Entries {
  if (auths === 'null') entries.clear();
  for (const [index, [key, value]] of members(auths, what).entries())
    entries.set(key, { key, ...readEntry(value, `entry ${index + 1}`) });
  return entries;
}

function checkHeaders(headers: string): void {
  for (const [, value] of members(headers, 'HttpHeaders'))
    if (value !== 'null' && jsonText(value) === undefined)
      throw new Undecodable('a value of HttpHeaders', value, 'text');
}

type Decoded = Omit<RegistryEntry, 'key'>;

function readEntry(entry: string, what: string): Decoded {
  const fields = { username: '', password: '', email: '', auth: '', identitytoken: '' };
  for (const [name, value] of members(entry, what)) {
    const field = FIELDS.find(([, pattern]) => pattern.test(name))?.[0];
    if (field === undefined || value === 'null') continue;
    const text = jsonText(value);
    // The kubelet does not look at identity tokens, so one that is no text spoils nothing.
    if (text === undefined && field !== 'identitytoken') throw new Undecodable(`${field} of ${what}`, value, 'text');
    fields[field] = text ?? '';
  }
  const pair = fields.auth === '' ? fields : decodeAuth(fields.auth);
  if (pair === undefined) throw new Undecodable(`auth of ${what}`, '"', 'base64 of name:password');
  const { username, password } = pair;
  const identityToken = fields.identitytoken;
  return { username, password, ...(identityToken !== '' && { identityToken }) };
}

const FIELDS = [
  ['username', /^username$/iu],
  ['password', /^password$/iu],
  ['email', /^email$/iu],
  ['auth', /^auth$/iu],
  ['identitytoken', /^identitytoken$/iu],
] as const;

/**
 * Padded where it ends in `=`, else without padding; line breaks anywhere, no other blank. What is no UTF-8 comes out
 * damaged: it could not be sent to a runtime, by the kubelet neither.
 */
function decodeAuth(auth: string): Pick<RegistryEntry, 'username' | 'password'> | undefined {
  const encoded = auth.replaceAll(/[\r\n]/g, '');
  const digits = encoded.replace(/={1,2}$/, '');
  const padded = digits.length < encoded.length;
  if (/[^A-Za-z0-9+/]/.test(digits) || digits.length % 4 === 1 || (padded && encoded.length % 4 !== 0))
    return undefined;
  const decoded = Buffer.from(digits, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Null counts as absent everywhere. */
function members(value: string, what: string): readonly (readonly [name: string, value: string])[] {
  const found = value === 'null' ? [] : objectMembers(value);
  if (found === undefined) throw new Undecodable(what, value, 'an object');
  return found;
}
