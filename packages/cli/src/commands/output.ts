import { stringify } from 'yaml';
import { CliError, EXIT } from '../print/cli-error.ts';

export const OUTPUTS = ['json', 'yaml', 'wide', 'name'] as const;
export type OutputFormat = (typeof OUTPUTS)[number];

/** The value for programs; undefined where a person is to read it. */
export function asData(output: OutputFormat | undefined, value: unknown): string | undefined {
  if (output === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  // Through JSON, which leaves out what is undefined.
  return output === 'yaml' ? stringify(JSON.parse(JSON.stringify(value))) : undefined;
}

export function refuseOutput(output: OutputFormat | undefined, ...refused: readonly OutputFormat[]): void {
  if (output === undefined || !refused.includes(output)) return;
  throw new CliError(`-o ${output} is not known here; use json or yaml`, { exitCode: EXIT.usage });
}
