/** What containerd reads of a registry's hosts.toml, as far as a look needs it. */
export interface HostsFile {
  /** The registry itself; where absent it is the host of the image's reference. */
  readonly server: string | undefined;
  readonly ofServer: HostSettings;
  /** Mirrors in the order in which they are asked. */
  readonly mirrors: readonly { readonly url: string; readonly settings: HostSettings }[];
}

export interface HostSettings {
  /** Absent: all. */
  readonly capabilities?: readonly string[];
  /** Files with certificates. */
  readonly ca: readonly string[];
  /** Files with a certificate, and its key where that is in another one. */
  readonly client: readonly (readonly string[])[];
  readonly skipVerify: boolean;
  /** The URL's path is the whole one: no `/v2` is put behind it. */
  readonly overridePath: boolean;
}

export const NO_SETTINGS: HostSettings = { ca: [], client: [], skipVerify: false, overridePath: false };

const MAX_LENGTH = 64 * 1024;

/**
 * The part of TOML that such files are written in: tables, strings, true and false, and lists of these. Throws where that is not
 * enough; what a look does not need is passed over. https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
export function parseHostsToml(text: string): HostsFile {
  if (text.length > MAX_LENGTH) throw new Error(`longer than ${MAX_LENGTH} characters`);
  const ofServer = new Map<string, unknown>();
  const mirrors = new Map<string, Map<string, unknown>>();
  let into: Map<string, unknown> | undefined = ofServer;
  for (const statement of statementsOf(text)) {
    if (statement.startsWith('[')) {
      into = tableOf(statement, mirrors);
      continue;
    }
    const [, key, value] = /^([\w-]+|"[^"]*"|'[^']*')\s*=\s*(.*)$/s.exec(statement) ?? [];
    if (key === undefined || value === undefined) throw new Error(`expected key = value, got ${quote(statement)}`);
    into?.set(key, valueOf(value));
  }
  const server = ofServer.get('server');
  return {
    server: typeof server === 'string' ? server : undefined,
    ofServer: settingsOf(ofServer),
    mirrors: [...mirrors].map(([url, table]) => ({ url, settings: settingsOf(table) })),
  };
}

/** Undefined for a table that a look does not need, such as that of a host's headers. */
function tableOf(statement: string, mirrors: Map<string, Map<string, unknown>>): Map<string, unknown> | undefined {
  if (/^\[\s*host\s*\]$/.test(statement)) return undefined;
  const [, , url, more] = /^\[\s*host\s*\.\s*(["'])(.*?)\1\s*(\..*)?\]$/.exec(statement) ?? [];
  if (url === undefined) throw new Error(`expected [host."URL"], got ${quote(statement)}`);
  if (more !== undefined) return undefined;
  const table = mirrors.get(url) ?? new Map<string, unknown>();
  mirrors.set(url, table);
  return table;
}

/** One for each table and value, without comments; a list may have several lines. */
function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let open = '';
  for (const line of text.split('\n')) {
    const rest = withoutComment(line).trim();
    const statement = open === '' ? rest : `${open} ${rest}`;
    const isTable = open === '' && rest.startsWith('[');
    open = isTable || isClosed(statement) ? '' : statement;
    if (open === '' && statement !== '') statements.push(statement);
  }
  if (open !== '') throw new Error(`expected ] after ${quote(open)}`);
  return statements;
}

const STRINGS = /"(?:[^"\\]|\\.)*"|'[^']*'/g;

function withoutComment(line: string): string {
  const at = line.replace(STRINGS, found => '.'.repeat(found.length)).indexOf('#');
  return at < 0 ? line : line.slice(0, at);
}

function isClosed(statement: string): boolean {
  const bare = statement.replace(STRINGS, '');
  return bare.split('[').length <= bare.split(']').length;
}

/** Basic strings have the escapes of JSON, as far as paths and URLs need any. */
function valueOf(text: string): unknown {
  const inJson = text
    .replace(STRINGS, found => (found.startsWith("'") ? JSON.stringify(found.slice(1, -1)) : found))
    .replace(/,(\s*\])/g, '$1');
  try {
    return JSON.parse(inJson) as unknown;
  } catch {
    return undefined; // A number in another form, or a date: of no setting that a look needs.
  }
}

function settingsOf(table: ReadonlyMap<string, unknown>): HostSettings {
  const capabilities = table.get('capabilities');
  return {
    ...(Array.isArray(capabilities) && { capabilities: texts(capabilities) }),
    ca: texts(table.get('ca')),
    client: pairs(table.get('client')),
    skipVerify: table.get('skip_verify') === true,
    overridePath: table.get('override_path') === true,
  };
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}

/** One file, several, or several pairs of certificate and key. */
function pairs(value: unknown): HostSettings['client'] {
  if (typeof value === 'string') return [[value]];
  if (!Array.isArray(value)) return [];
  return value.map(texts).filter(pair => pair.length > 0);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
