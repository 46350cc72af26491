/** Finds the node that a bearer token belongs to. */
export interface NodeIdentity {
  /**
   * Throws ApiError: Unauthenticated for a bad token, Forbidden for a good token that is not an agent's, IdentityUnavailable
   * when the token could not be reviewed. `address`: whose request brought the token; one address waits for few at a time.
   */
  identify(token: string, address: string, signal: AbortSignal): Promise<AgentIdentity>;
}

export interface AgentIdentity {
  /** The node that the agent's pod runs on. */
  readonly node: string;
  readonly pod: AgentPod;
}

export interface AgentPod {
  readonly name: string;
  readonly uid: string;
}

/** Looks agents' pods up. */
export interface AgentPods {
  find(pod: AgentPod, signal: AbortSignal): Promise<FoundPod>;
}

/** `createdAt`: RFC 3339 in UTC, to the second. `leaving`: it is being deleted. */
export type FoundPod = 'gone' | { readonly createdAt: string; readonly leaving: boolean };

/** A certificate authority, as PEM text. */
export interface KeptAuthority extends KeyPair {
  /** Does not sign yet; agents trust it already. */
  readonly next?: KeyPair;
  /** Does not sign any more; agents still trust it. */
  readonly previous?: string;
}

export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Where the replicas share a certificate authority, and where agents find the certificate to trust. */
export interface CertificateStore {
  /** Undefined when none is kept yet. The authority is not checked. */
  read(signal: AbortSignal): Promise<KeptAuthority | undefined>;
  /** Keeps this authority in the place of `known`; false when something else is kept. */
  keep(authority: KeptAuthority, known: KeptAuthority | undefined, signal: AbortSignal): Promise<boolean>;
  /** Gives agents these certificates to trust; does nothing when they have them already. */
  publish(certificates: string, signal: AbortSignal): Promise<void>;
}
