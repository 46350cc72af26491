import type { ReadSecret } from '../ports/secret-reader.ts';

/** Takes what has the right form and passes over the rest: a message about a wrong value would show it. */
export function toSecret(object: Readonly<Record<string, unknown>>): ReadSecret {
  const { type, data, stringData } = object;
  return {
    ...(typeof type === 'string' && { type }),
    data: { ...textsIn(data), ...toBase64(textsIn(stringData)) },
  };
}

function textsIn(field: unknown): Readonly<Record<string, string>> {
  if (typeof field !== 'object' || field === null) return {};
  return Object.fromEntries(
    Object.entries(field).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** A manifest may have plain text, which the API server turns into data. */
function toBase64(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}
