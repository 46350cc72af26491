import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One finished request as the API server noted it. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly userAgent?: string;
  /** Absent for paths such as /readyz. */
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: {
    readonly code?: number;
    readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
  };
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

export interface AuditLog {
  /** For the API server. */
  readonly args: readonly string[];
  /** Since the first start, in the order of their ends; a watch appears when it starts and when it ends. */
  events(): readonly AuditEvent[];
}

/** Everybody's requests, without bodies. */
export function createAuditLog(dir: string): AuditLog {
  const file = join(dir, 'audit.log');
  const policy = join(dir, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(POLICY));
  writeFileSync(file, '');
  return {
    args: [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, '--audit-log-maxsize=100000'],
    events: () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .slice(0, -1) // the last line is empty, or still being written
        .map(line => JSON.parse(line) as AuditEvent),
  };
}
