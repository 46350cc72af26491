import { secretName } from '@kube-prefetch/core';
import { untilAborted } from '@kube-prefetch/time';
import { KubeApiError } from '../../src/api/kube-api.ts';
import type { ReadSecret, SecretReader } from '../../src/ports/secret-reader.ts';

/** Secrets that a test holds, and what it lets happen to whoever reads them. */
export interface TwinSecrets extends SecretReader {
  /** By `namespace/name`. */
  hold(name: string, secret: ReadSecret | 'forbidden' | undefined): void;
  /** Every read fails until it is called with false. */
  beAway(away: boolean): void;
  /** Reads are answered only when this resolves. */
  wait(until: Promise<void>): void;
  /** In the order of their reads, refused ones included. */
  readonly reads: readonly string[];
}

export function createTwinSecrets(): TwinSecrets {
  const held = new Map<string, ReadSecret | 'forbidden'>();
  const reads: string[] = [];
  let away = false;
  let turn = Promise.resolve();

  return {
    reads,
    hold(name, secret) {
      if (secret === undefined) held.delete(name);
      else held.set(name, secret);
    },
    beAway(now) {
      away = now;
    },
    wait(until) {
      turn = until;
    },
    async read(secret, signal) {
      signal.throwIfAborted();
      const name = secretName(secret);
      reads.push(name);
      await untilAborted(turn, signal);
      if (away) throw new KubeApiError('Unreachable', `GET secret ${name}: Unreachable`);
      return held.get(name) ?? 'missing';
    },
  };
}

/** A Secret of type kubernetes.io/dockerconfigjson, with one user's password for each registry. */
export function aPullSecret(passwords: Readonly<Record<string, string>>): Required<ReadSecret> {
  const auths = Object.fromEntries(
    Object.entries(passwords).map(([registry, password]) => [registry, { username: 'robot', password }]),
  );
  const encoded = Buffer.from(JSON.stringify({ auths })).toString('base64');
  return { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': encoded } };
}
