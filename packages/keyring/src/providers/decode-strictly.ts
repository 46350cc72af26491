import { jsonText, kindOfJson, listItems, objectMembers } from '../json-members.ts';

/**
 * As Kubernetes decodes its configuration files and what plugins answer: an unknown or doubled field is a problem, names
 * count in their case, and null is as good as nothing.
 */
export type Decode<T> = (json: string, at: string, notes: Notes) => T;

/** What was wrong. Answers of plugins hold credentials, so of them no name may be repeated. */
export interface Notes {
  readonly problems: string[];
  readonly quoteNames: boolean;
}

export const text: Decode<string> = (json, at, notes) => {
  const read = json === 'null' ? '' : jsonText(json);
  return read ?? wrong(json, at, notes, 'text', '');
};

export const flag: Decode<boolean> = (json, at, notes) => {
  if (json === 'true' || json === 'false') return json === 'true';
  return json === 'null' ? false : wrong(json, at, notes, 'true or false', false);
};

export function optional<T>(decode: Decode<T>): Decode<T | undefined> {
  return (json, at, notes) => (json === 'null' ? undefined : decode(json, at, notes));
}

export function listOf<T>(decode: Decode<T>): Decode<readonly T[]> {
  return (json, at, notes) => {
    const items = json === 'null' ? [] : (listItems(json) ?? wrong(json, at, notes, 'a list', []));
    return items.map((item, index) => decode(item, `${at}[${index}]`, notes));
  };
}

/** In the order in which the keys are written. */
export function dictionaryOf<T>(decode: Decode<T>): Decode<readonly (readonly [key: string, value: T])[]> {
  return (json, at, notes) => {
    const members = membersOf(json, at, notes);
    if (new Set(members.map(([key]) => key)).size < members.length) notes.problems.push(`${at} has a key twice`);
    return members.map(([key, value], index) => [key, decode(value, `${at}[${index}]`, notes)]);
  };
}

export function objectOf<Fields extends object>(
  fields: { [Name in keyof Fields]: Decode<Fields[Name]> },
): Decode<Fields> {
  return (json, at, notes) => {
    const values = new Map<string, string>();
    for (const [name, value] of membersOf(json, at, notes)) {
      const problem = Object.hasOwn(fields, name) ? values.has(name) && 'twice' : 'which is unknown';
      if (problem) notes.problems.push(`${at || 'it'} has ${notes.quoteNames ? quote(name) : 'a field'}, ${problem}`);
      values.set(name, value);
    }
    const decoded = Object.entries<Decode<unknown>>(fields).map(([name, decode]) => {
      const where = at === '' ? name : `${at}.${name}`;
      return [name, decode(values.get(name) ?? 'null', where, notes)];
    });
    return Object.fromEntries(decoded) as Fields;
  };
}

/** Bounded, for people. */
export function quote(name: string): string {
  return JSON.stringify(name.length > MAX_QUOTED ? `${name.slice(0, MAX_QUOTED)}…` : name);
}

const MAX_QUOTED = 100;

function membersOf(json: string, at: string, notes: Notes): readonly (readonly [name: string, value: string])[] {
  return json === 'null' ? [] : (objectMembers(json) ?? wrong(json, at, notes, 'an object', []));
}

function wrong<T>(json: string, at: string, notes: Notes, expected: string, instead: T): T {
  notes.problems.push(`${at || 'it'} is ${kindOfJson(json)}, expected ${expected}`);
  return instead;
}
