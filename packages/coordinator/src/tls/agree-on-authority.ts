import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { CertificateStore, KeptAuthority } from '@kube-prefetch/cluster';
import { type Life, makeAuthority } from './make-certificate.ts';

/** The stored authority. Where there is none a new one is stored; of several replicas the first to store it wins. */
export async function agreeOnAuthority(
  store: CertificateStore,
  life: Life,
  wallMs: number,
  signal: AbortSignal,
): Promise<KeptAuthority> {
  let kept = await store.read(signal);
  if (kept === undefined) {
    const made = await makeAuthority(life);
    kept = (await store.keep(made, signal)) ? made : await store.read(signal);
  }
  if (kept === undefined) throw new Error('a certificate authority was kept by somebody, and is gone again');
  checkAuthority(kept, wallMs);
  return kept;
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
