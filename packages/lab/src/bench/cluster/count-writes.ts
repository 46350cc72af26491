import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent, Cluster } from '../../cluster/index.ts';
import { NAMESPACE, resourceOf } from './bench-cluster.ts';

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** Leases are renewed and tokens reviewed however little there is to do. */
const NOT_COUNTED = ['leases', 'tokenreviews'];
const SETTLE_MS = 10_000;

/** Until the last status is written: at most one in five seconds is. */
export async function settled(): Promise<void> {
  await sleep(SETTLE_MS);
}

/** What our two service accounts wrote. */
export function writesSince(cluster: Cluster, sinceMs: number): readonly AuditEvent[] {
  return cluster
    .auditEvents()
    .filter(
      event =>
        Date.parse(event.requestReceivedTimestamp) >= sinceMs &&
        event.user.username.startsWith(`system:serviceaccount:${NAMESPACE}:`) &&
        WRITES.includes(event.verb) &&
        !NOT_COUNTED.includes(event.objectRef?.resource ?? ''),
    );
}

/** ` (3 patch clusterprefetches/status, 1 create events)`, or nothing. */
export function describeWrites(events: readonly AuditEvent[]): string {
  const counts = Map.groupBy(events, event => `${event.verb} ${resourceOf(event)}`);
  const parts = [...counts].map(([what, { length }]) => `${length} ${what}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
