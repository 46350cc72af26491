/** Deeper than any field of ours; what is below is wrong anyway. */
const MAX_DEPTH = 16;

/** A copy without fields whose value is null: the API server takes them for absent. Nulls in lists stay, as wrong as they are. */
export function dropNulls(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map(item => dropNulls(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, dropNulls(field, depth + 1)]));
}
