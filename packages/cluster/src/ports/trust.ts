/** Finds the node that a bearer token belongs to. */
export interface NodeIdentity {
  /**
   * Throws ApiError: Unauthenticated for a bad token, Forbidden for a good token that is not an agent's, IdentityUnavailable
   * when the token could not be reviewed.
   */
  identify(token: string, signal: AbortSignal): Promise<AgentIdentity>;
}

export interface AgentIdentity {
  /** The node that the agent's pod runs on. */
  readonly node: string;
  readonly podUid: string;
}

/** A certificate authority, as PEM text. */
export interface KeptAuthority {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where the replicas share a certificate authority, and where agents find the certificate to trust. */
export interface CertificateStore {
  /** Undefined when none is kept yet. The authority is not checked. */
  read(signal: AbortSignal): Promise<KeptAuthority | undefined>;
  /** Keeps this authority; false when one is kept already. */
  keep(authority: KeptAuthority, signal: AbortSignal): Promise<boolean>;
  /** Gives agents this certificate to trust; does nothing when they have it already. */
  publish(certificate: string, signal: AbortSignal): Promise<void>;
}
