import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { CertificateStore, KeptAuthority } from '@kube-prefetch/cluster';
import { decideRenewal } from './decide-renewal.ts';
import { type Life, makeAuthority } from './make-certificate.ts';

export interface AgreementParts {
  readonly store: CertificateStore;
  /** The life of an authority that is made now. */
  readonly life: Life;
  /** How long agents trust an authority before it signs. */
  readonly overlapMs: number;
  readonly wallMs: number;
}

/**
 * The stored authority, renewed where it is time. Where there is none a new one is stored. Of several replicas the first to store
 * something wins. Throws SpoiltAuthority.
 */
export async function agreeOnAuthority(parts: AgreementParts, signal: AbortSignal): Promise<KeptAuthority> {
  const { store } = parts;
  let kept = await store.read(signal);
  const wanted = await renewed(kept, parts);
  if (wanted !== kept) kept = (await store.keep(wanted, kept, signal)) ? wanted : await store.read(signal);
  if (kept === undefined) throw new Error('a certificate authority was kept by somebody, and is gone again');
  checkAuthority(kept, parts.wallMs);
  return kept;
}

/** All that agents trust, PEM. */
export function trustedCertificates({ certificate, next, previous = '' }: KeptAuthority): string {
  return `${certificate}${next?.certificate ?? ''}${previous}`;
}

/** When an authority in PEM begins and ends; throws SpoiltAuthority. */
export function lifeOfAuthority(certificate: string): Life {
  const { validFromDate, validToDate } = parse('certificate', () => new X509Certificate(certificate));
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
}

/** `kept` itself where nothing is to be done. */
async function renewed(
  kept: KeptAuthority | undefined,
  { life, overlapMs, wallMs }: AgreementParts,
): Promise<KeptAuthority> {
  if (kept === undefined) return makeAuthority(life);
  checkAuthority(kept, wallMs);
  const { certificate, privateKey, previous } = kept;
  const next = usable(kept.next, wallMs);
  const lives = {
    current: lifeOfAuthority(certificate),
    next: next && lifeOfAuthority(next.certificate),
    previous: previous === undefined ? undefined : lifeOfAuthority(previous),
  };
  switch (decideRenewal(lives, overlapMs, wallMs)) {
    case 'forget':
      return { certificate, privateKey, ...(next && { next }) };
    case 'promote':
      return next === undefined ? kept : { ...next, previous: certificate };
    case 'prepare':
      return { ...kept, next: await makeAuthority(life) };
    default:
      return kept;
  }
}

/** A next authority that somebody spoilt, or that has ended before it signed anything, is made anew. */
function usable(next: KeptAuthority['next'], wallMs: number): KeptAuthority['next'] {
  try {
    if (next !== undefined) checkAuthority(next, wallMs);
    return next;
  } catch {
    return undefined;
  }
}

/** A stored authority that cannot be used. It is not replaced, because agents trust it. */
class SpoiltAuthority extends Error {
  override readonly name = 'SpoiltAuthority';

  constructor(why: string) {
    super(`the certificate authority that is kept cannot be used: ${why}; empty its Secret to have a new one made`);
  }
}

/** Throws SpoiltAuthority. */
function checkAuthority({ certificate, privateKey }: KeptAuthority, wallMs: number): void {
  const parsed = parse('certificate', () => new X509Certificate(certificate));
  const key = parse('private key', () => createPrivateKey(privateKey));
  const { namedCurve = key.asymmetricKeyType } = key.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw new SpoiltAuthority(`expected a key of ECDSA P-256, got ${namedCurve}`);
  if (!parsed.checkPrivateKey(key)) throw new SpoiltAuthority('the private key is not that of the certificate');
  if (!parsed.ca) throw new SpoiltAuthority('the certificate is not that of an authority');
  if (parsed.validFromDate.getTime() > wallMs) throw new SpoiltAuthority(`it begins ${parsed.validFrom}`);
  if (parsed.validToDate.getTime() <= wallMs) throw new SpoiltAuthority(`it ended ${parsed.validTo}`);
}

/** The parser's own message is left out: it may quote a key. */
function parse<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new SpoiltAuthority(`its ${what} cannot be read`);
  }
}
