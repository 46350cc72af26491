import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../machine/index.ts';
import type { RunningAgent } from './infrastructure.ts';

const PROGRAM = fileURLToPath(new URL('../../../../agent/src/main.ts', import.meta.url));
const LOOPBACK = '127.0.0.1:0';

export interface AgentOptions {
  readonly coordinator: string;
  readonly dir: string;
  readonly node: string;
  readonly socket: string;
}

/** The agent program against a runtime's socket. */
export function startAgentProgram({ coordinator, dir, node, socket }: AgentOptions): Promise<RunningAgent> {
  const settings = {
    coordinator,
    node,
    'runtime-socket': socket,
    'state-dir': join(dir, 'state'),
    'parallel-pulls': '2',
    // The nodes share this machine's disk, which may well be fuller than a node's should be.
    'disk-max-used-percent': '95',
    'ops-listen': LOOPBACK,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const logFile = join(dir, 'agent.log');
  return startChild({ name: `agent of ${node}`, command: process.execPath, args: [PROGRAM, ...args], logFile });
}
