import { parseArgs } from 'node:util';
import { INFRASTRUCTURES, type InfrastructureKind } from './infrastructure/choose-infrastructure.ts';

export interface DemoOptions {
  readonly keep: boolean;
  readonly help: boolean;
  /** Tried in order. */
  readonly infrastructures: readonly InfrastructureKind[];
}

const KINDS = Object.keys(INFRASTRUCTURES) as readonly InfrastructureKind[];

export const HELP = `npm run demo -- [--keep] [--on KIND]

Starts a registry, three container runtimes, a coordinator and three agents on this machine, on loopback only, shows
five steps with them, says what was measured, and removes everything again. Exit code 0: every step held.

  --keep      leave everything running after the last step, until Ctrl-C
  --on KIND   only on this: ${KINDS.join(', ')} (without it the first of them that works here)
  --help      this

containerd needs root and Linux; missing Debian packages are installed then. Without it a Docker Engine is used as the
only node, and without that a stand-in in memory, which moves no bytes and starts no containers.
`;

/** Throws with what is wrong about the arguments. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, on: { type: 'string' } },
  });
  const infrastructures = values.on === undefined ? KINDS : KINDS.filter(kind => kind === values.on);
  if (infrastructures.length === 0) throw new Error(`--on: expected ${KINDS.join(', ')}, got ${values.on}`);
  return { keep: values.keep ?? false, help: values.help ?? false, infrastructures };
}
