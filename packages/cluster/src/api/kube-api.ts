/**
 * The part of the Kubernetes API that this project uses. `client-node.ts` speaks to a real API server,
 * `testing/twin/kube-api.ts` is its twin, and `testing/kube-api-suite.ts` holds both to the same behaviour. Every method throws
 * KubeApiError or, when its signal is aborted, the signal's reason.
 */
export interface KubeApi {
  /** One page, sorted by name. All pages of a list show the same moment: that of `resourceVersion`. */
  list(kind: KubeKind, page: PageRequest, signal: AbortSignal): Promise<KubePage>;
  /**
   * What changed after `resourceVersion`, with bookmarks. The first event is a bookmark of `resourceVersion` itself: the server
   * has accepted the watch. Later bookmarks come about once a minute, but none while nothing happens to the kind. The server
   * ends every watch after a while: watch again from the last version seen. Throws Expired when the server no longer keeps
   * that version: list again.
   */
  watch(kind: KubeKind, resourceVersion: string, signal: AbortSignal): AsyncIterable<KubeEvent>;
  /** Throws NotFound. */
  get(kind: KubeKind, name: ObjectName, signal: AbortSignal): Promise<KubeObject>;
  /** Returns the object as the server holds it afterwards. */
  write(write: KubeWrite, signal: AbortSignal): Promise<KubeObject>;
}

/** What an API server says of tokens. It throws as KubeApi does, and has the same twin and suite. */
export interface KubeTokens {
  /** Whose token this is, if it is good for one of the audiences. */
  review(token: string, audiences: readonly string[], signal: AbortSignal): Promise<TokenReview>;
  /** The public keys whose private halves sign the tokens of ServiceAccounts; every ServiceAccount may read them. */
  signingKeys(signal: AbortSignal): Promise<readonly JsonWebKey[]>;
}

/** Which kinds an API server serves. It throws as KubeApi does, and has the same twin and suite. */
export interface KubeDiscovery {
  /** Those of these groups, in the server's order of versions. Every authenticated client may ask. */
  served(groups: readonly string[], signal: AbortSignal): Promise<ServedKinds>;
}

export interface ServedKinds {
  readonly kinds: readonly ServedKind[];
  /** Of the groups those whose kinds the server cannot tell now. */
  readonly unknown: readonly string[];
}

export interface ServedKind extends KubeKind {
  /** False while its CustomResourceDefinition is being removed, and all of its objects with it. */
  readonly creatable: boolean;
}

/** A public key as RFC 7517 writes it, unchecked beyond its being an object. */
export type JsonWebKey = Readonly<Record<string, unknown>>;

export interface KubeKind {
  /** `v1`, `apps/v1`, `kube-prefetch.io/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** As in the path: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Objects come with their metadata and nothing else, from lists and watches. */
  readonly metadataOnly?: boolean;
}

export interface ObjectName {
  /** Absent for a kind without namespaces. */
  readonly namespace?: string;
  readonly name: string;
}

/** As the server sent it, unchecked: `to-state/` checks each field that it reads. */
export interface KubeObject {
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta extends ObjectName {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly [field: string]: unknown;
}

export interface PageRequest {
  readonly limit: number;
  /** Objects come with their metadata and nothing else. */
  readonly namesOnly?: boolean;
  /** `next` of the previous page. The server answers Expired when the list has taken too long. */
  readonly after?: string;
}

export interface KubePage {
  readonly items: readonly KubeObject[];
  /** After the last page, watch from here. */
  readonly resourceVersion: string;
  /** Present when there are more pages. */
  readonly next?: string;
}

export type KubeEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Everything up to this version has been sent: a watch may resume from it. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export type KubeWrite =
  | { readonly verb: 'create'; readonly kind: KubeKind; readonly object: KubeObject }
  /** The whole object; throws Conflict when `metadata.resourceVersion` is no longer the current one. */
  | { readonly verb: 'replace'; readonly kind: KubeKind; readonly object: KubeObject }
  /** A JSON merge patch of the status subresource; throws Conflict when a version is given that is no longer the current one. */
  | {
      readonly verb: 'patchStatus';
      readonly kind: KubeKind;
      readonly name: ObjectName;
      readonly resourceVersion?: string;
      readonly status: object;
    };

export type TokenReview =
  | { readonly authenticated: false; readonly error: string }
  | {
      readonly authenticated: true;
      /** `system:serviceaccount:NAMESPACE:NAME`. */
      readonly username: string;
      /** Those of the requested ones that the token is good for. */
      readonly audiences: readonly string[];
      /** `authentication.kubernetes.io/node-name` and the like. */
      readonly extra: Readonly<Record<string, readonly string[]>>;
    };

export type KubeFailure =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Invalid'
  | 'TooManyRequests'
  /** The answer is longer than what is read at once. */
  | 'TooLarge'
  /** The server answered with a 5xx. */
  | 'ServerError'
  /** There was no answer, or it broke off, or it took too long. */
  | 'Unreachable';

export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  readonly failure: KubeFailure;
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined;

  constructor(failure: KubeFailure, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs;
  }
}
