import { resolve } from 'node:path';
import type { Address, Setting } from './setting.ts';

export type Value = string | number | boolean | readonly string[] | Address;

/** The value that `text` stands for; undefined where it is none that the setting allows. */
export function parseValue(setting: Setting, text: string): Value | undefined {
  switch (setting.type) {
    case 'string':
      return text.length <= setting.maxLength ? text : undefined;
    case 'list': {
      const items = text.split(',').map(item => item.trim());
      return text.length <= setting.maxLength && items.every(setting.isItem) ? items : undefined;
    }
    case 'integer':
      return within(/^-?\d{1,15}$/.test(text) ? Number(text) : undefined, setting.min, setting.max);
    case 'duration':
      return within(parseDuration(text), parseDuration(setting.min), parseDuration(setting.max));
    case 'address':
      return parseAddress(text);
    case 'folder':
    case 'file':
      return text.includes('\0') ? undefined : resolve(text);
    case 'choice':
      return setting.choices.includes(text) ? text : undefined;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
  }
}

/** What `parseValue` takes, in words. */
export function expectation(setting: Setting): string {
  switch (setting.type) {
    case 'string':
      return `text of 1 to ${setting.maxLength} characters`;
    case 'list':
      return `${setting.items}, separated by commas`;
    case 'integer':
      return `an integer from ${setting.min} to ${setting.max}`;
    case 'duration':
      return `a duration from ${setting.min} to ${setting.max}, such as 500ms, 30s, 5m or 1h`;
    case 'address':
      return 'an address such as 127.0.0.1:7070, [::1]:7070 or :7070';
    case 'folder':
      return 'the path of a folder';
    case 'file':
      return 'the path of a file';
    case 'choice':
      return `one of ${setting.choices.join(', ')}`;
    case 'boolean':
      return 'true or false';
  }
}

function within(value: number | undefined, min = -Infinity, max = Infinity): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = within(digits === undefined ? undefined : Number(digits), 0, 65_535);
  return port === undefined ? undefined : { host: bracketed ?? (plain || undefined), port };
}
