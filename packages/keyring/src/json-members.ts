/**
 * JSON as Go's encoding/json reads it, where JSON.parse says less: a doubled name counts each time, names keep the order
 * in which they are written, and escapes of half a character become U+FFFD.
 */

/** Go's bound, and ours for what is skipped. */
const MAX_DEPTH = 10_000;

/** Whether Go would read the text at all. JSON.parse has the same grammar, without the bound. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return isShallow(text);
}

/** Each member of an object with its value as written; undefined for what is no object. Only for texts that are JSON. */
export function objectMembers(json: string): readonly (readonly [name: string, value: string])[] | undefined {
  let at = afterBlanks(json, 0);
  if (json[at] !== '{') return undefined;
  const members: [string, string][] = [];
  at = afterBlanks(json, at + 1);
  while (json[at] !== '}') {
    const nameEnd = afterText(json, at);
    const start = afterBlanks(json, afterBlanks(json, nameEnd) + 1);
    const end = afterValue(json, start);
    members.push([jsonText(json.slice(at, nameEnd)) ?? '', json.slice(start, end)]);
    at = afterBlanks(json, end);
    if (json[at] === ',') at = afterBlanks(json, at + 1);
  }
  return members;
}

/** Each item of a list as written; undefined for what is no list. Only for texts that are JSON. */
export function listItems(json: string): readonly string[] | undefined {
  let at = afterBlanks(json, 0);
  if (json[at] !== '[') return undefined;
  const items: string[] = [];
  at = afterBlanks(json, at + 1);
  while (json[at] !== ']') {
    const end = afterValue(json, at);
    items.push(json.slice(at, end));
    at = afterBlanks(json, end);
    if (json[at] === ',') at = afterBlanks(json, at + 1);
  }
  return items;
}

/** Undefined for a value that is no text. */
export function jsonText(value: string): string | undefined {
  return value.startsWith('"') ? (JSON.parse(value) as string).toWellFormed() : undefined;
}

/** For people, and without anything of the value. */
export function kindOfJson(value: string): string {
  return KINDS.get(value[0] ?? '') ?? 'a number';
}

const KINDS = new Map([
  ['{', 'an object'],
  ['[', 'a list'],
  ['"', 'text'],
  ['t', 'true'],
  ['f', 'false'],
  ['n', 'null'],
]);

/** Counts the depth in a loop: with recursion a hostile text could nest until the stack ends. */
function isShallow(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (char === '"') at = afterText(json, at) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth > MAX_DEPTH) return false;
  }
  return true;
}

function afterValue(json: string, start: number): number {
  if (json[start] === '"') return afterText(json, start);
  if (json[start] === '{' || json[start] === '[') return afterNest(json, start);
  let at = start;
  while (!ENDS.has(json[at] ?? '')) at += 1;
  return at;
}

const ENDS = new Set(['', ',', '}', ']', ' ', '\t', '\n', '\r']);

function afterNest(json: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const char = json[at];
    if (char === '{' || char === '[') depth += 1;
    if (char === '}' || char === ']') depth -= 1;
    at = char === '"' ? afterText(json, at) : at + 1;
  } while (depth > 0);
  return at;
}

function afterText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function afterBlanks(json: string, start: number): number {
  let at = start;
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at += 1;
  return at;
}
