import { stringify } from 'yaml';

export const OUTPUTS = ['json', 'yaml', 'wide', 'name'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

/** The value for programs; undefined where a person is to read it. */
export function asData(output: OutputFormat | undefined, value: unknown): string | undefined {
  if (output === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  // Through JSON, which leaves out what is undefined.
  return output === 'yaml' ? stringify(JSON.parse(JSON.stringify(value))) : undefined;
}
