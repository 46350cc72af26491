// Control characters, and those that change the direction of what follows: what runtimes and registries say is shown on terminals.
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

function cleanText(text: string): string {
  return text.replaceAll(UNSEEN, ' ');
}

/** For JSON.parse: every text of the answer is fit to be shown. */
export function cleanValue(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value) : value;
}
