/** Of a whole path as the registry sees it, `library/` included. */
export const MAX_PATH_LENGTH = 255;

const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

/** The length goes first: the expression needs stack for what it has read. */
export function isPathComponent(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && COMPONENT.test(text);
}
