/** Who calls: the node that a bearer token belongs to. */
export interface NodeIdentity {
  /**
   * Throws ApiError: Unauthenticated for a token that is not good, Forbidden for one that is good but not an agent's,
   * IdentityUnavailable when nobody could be asked.
   */
  identify(token: string, signal: AbortSignal): Promise<AgentIdentity>;
}

export interface AgentIdentity {
  /** The node that the agent's pod runs on. */
  readonly node: string;
  readonly podUid: string;
}
