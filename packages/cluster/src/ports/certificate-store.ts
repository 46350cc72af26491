/** A certificate authority as it is kept: PEM text. */
export interface KeptAuthority {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where the replicas share a certificate authority, and where agents find what to trust. */
export interface CertificateStore {
  /** Undefined where none has been kept yet. Says nothing about whether it is any good. */
  read(signal: AbortSignal): Promise<KeptAuthority | undefined>;
  /** Keeps this one; false where another replica was faster, or any is kept already. */
  keep(authority: KeptAuthority, signal: AbortSignal): Promise<boolean>;
  /** Sees to it that this is what agents find; does nothing where it is already. */
  publish(certificate: string, signal: AbortSignal): Promise<void>;
}
