/** The JSON merge patch that makes `current` into `wanted`: all that is wanted, and null for every other field that is there. */
export function patchTo(current: unknown, wanted: object): object {
  const patch: Record<string, unknown> = { ...wanted };
  if (!isMapping(current)) return patch;
  for (const [field, value] of Object.entries(current)) {
    const next = (wanted as Record<string, unknown>)[field];
    patch[field] = next === undefined ? null : isMapping(next) ? patchTo(value, next) : next;
  }
  return patch;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
