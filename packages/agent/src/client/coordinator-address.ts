import { isLoopback } from '@kube-prefetch/process';

/** The coordinator's address, and the files by which it and the agent prove who they are. */
export interface CoordinatorAddress {
  /** Without a slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: plain HTTP, within this machine. */
  readonly identityFiles: IdentityFiles | undefined;
}

export interface IdentityFiles {
  readonly caFile: string;
  readonly tokenFile: string;
}

export interface GivenAddress {
  readonly coordinator: string;
  readonly caFile?: string;
  readonly tokenFile?: string;
}

/** Throws an error whose message says which of the three settings do not fit together. */
export function parseCoordinatorAddress({ coordinator, caFile, tokenFile }: GivenAddress): CoordinatorAddress {
  const url = URL.canParse(coordinator) ? new URL(coordinator) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new Error(`--coordinator: expected https://HOST:PORT, got ${JSON.stringify(coordinator)}`);
  }
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const address = {
    url: url.href.replace(/\/+$/, ''),
    host,
    port: Number(url.port || (secure ? 443 : 80)),
  };
  if (secure) {
    if (caFile === undefined || tokenFile === undefined) throw new Error(MISSING_CREDENTIALS);
    return { ...address, identityFiles: { caFile, tokenFile } };
  }
  if (!isLoopback(host)) {
    throw new Error(
      `--coordinator: plain HTTP is for the same machine only: expected https://HOST:PORT, or http:// with a loopback address such as 127.0.0.1, got ${JSON.stringify(coordinator)}`,
    );
  }
  if (caFile !== undefined || tokenFile !== undefined) throw new Error(NEEDLESS_CREDENTIALS);
  return { ...address, identityFiles: undefined };
}

/** The same sentence, for whoever collects the problems of all settings. */
export function addressProblems(given: GivenAddress): readonly string[] {
  try {
    parseCoordinatorAddress(given);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

const MISSING_CREDENTIALS =
  '--coordinator: https needs a certificate to check and a token to send: expected --ca-file (KUBE_PREFETCH_CA_FILE) and --token-file (KUBE_PREFETCH_TOKEN_FILE) as well';
const NEEDLESS_CREDENTIALS =
  '--coordinator: expected https://HOST:PORT where --ca-file or --token-file is given, got plain HTTP; a token is sent over https only';
