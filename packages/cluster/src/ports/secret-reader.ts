import type { SecretRef } from '@kube-prefetch/core';

/** Reads Secrets one by one, by name; it never lists or watches them. */
export interface SecretReader {
  /**
   * Throws where that cannot be told now; what it throws names the secret and holds nothing of it. With an aborted signal it throws
   * the signal's reason.
   */
  read(secret: SecretRef, signal: AbortSignal): Promise<ReadSecret | 'missing' | 'forbidden'>;
}

/** Unchecked: whoever decodes it says what is wrong. */
export interface ReadSecret {
  readonly type?: string;
  /** Base64, as the API server has it. */
  readonly data: Readonly<Record<string, string>>;
}
