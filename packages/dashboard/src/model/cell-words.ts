import { unpackCell } from '@kube-prefetch/protocol/board';
import type { CellState, WaitReason } from '@kube-prefetch/protocol/cell';

/** Good news first, then what is under way, then what nobody knows. */
export const STATES_IN_ORDER = [
  'Present',
  'Stale',
  'Pulling',
  'Waiting',
  'Missing',
  'Failed',
  'Unknown',
] as const satisfies readonly CellState[];

const STATES: Readonly<Record<CellState, string>> = {
  Unknown: 'nobody knows yet',
  Missing: 'absent',
  Waiting: 'waits',
  Pulling: 'is pulled',
  Present: 'there',
  Stale: 'there, with other contents than its tag stands for now',
  Failed: 'failed, and is tried again',
};

export const WAITS: Readonly<Record<WaitReason, string>> = {
  Slot: 'for other pulls of the node to end',
  Permit: 'for a permit of the coordinator',
  Registry: 'for its registry, which refuses or fails',
  Disk: 'for room on the disk',
  Held: 'because the node takes nothing now',
  Suspended: 'because whoever asks for it is suspended',
  Retry: 'for its next try',
  Credentials: 'for credentials',
};

const UNKNOWN = {
  NoAgent: 'no agent of the node has reported',
  Silent: 'the node fell silent',
  RuntimeUnavailable: 'the container runtime does not answer',
  NotLooked: 'the agent has not looked yet',
};

/** What a cell's byte says, in words. */
export function sentenceOf(byte: number): string {
  const gist = unpackCell(byte);
  if (gist === undefined) return 'not wanted here';
  const { state, waitingFor, phase, unknown, grave = false } = gist;
  if (state === 'Unknown') return unknown === undefined ? STATES.Unknown : UNKNOWN[unknown];
  if (state === 'Failed' && grave) return 'failed, until somebody changes something';
  if (state === 'Pulling') {
    const doing = phase === undefined ? STATES.Pulling : phase === 'Downloading' ? 'downloads' : 'unpacks';
    return grave ? `${doing}, after a pull that failed` : doing;
  }
  return waitingFor === undefined
    ? STATES[state]
    : `${STATES[state]}, waits ${WAITS[waitingFor]}`.replace('waits, waits', 'waits');
}
