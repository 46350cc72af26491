const MAX_SHOWN = 60;

/** A value as a message shows it: text quoted and cut, lists and mappings by what they are. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  if (typeof value !== 'string') return JSON.stringify(value) ?? typeof value;
  return JSON.stringify(value.length <= MAX_SHOWN ? value : `${value.slice(0, MAX_SHOWN)}…`);
}
