import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeptAuthority } from '@kube-prefetch/cluster';

/** An authority that cannot be used as it is. It is never replaced behind anybody's back: agents trust it. */
class SpoiltAuthority extends Error {
  override readonly name = 'SpoiltAuthority';

  constructor(why: string) {
    super(`the certificate authority that is kept cannot be used: ${why}; empty its Secret to have a new one made`);
  }
}

/** Throws SpoiltAuthority. */
export function checkAuthority({ certificate, privateKey }: KeptAuthority, wallMs: number): void {
  const parsed = parse('certificate', () => new X509Certificate(certificate));
  const key = parse('private key', () => createPrivateKey(privateKey));
  const { namedCurve = key.asymmetricKeyType } = key.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw new SpoiltAuthority(`expected a key of ECDSA P-256, got ${namedCurve}`);
  if (!parsed.checkPrivateKey(key)) throw new SpoiltAuthority('the private key is not that of the certificate');
  if (!parsed.ca) throw new SpoiltAuthority('the certificate is not that of an authority');
  if (parsed.validToDate.getTime() <= wallMs) throw new SpoiltAuthority(`it ended ${parsed.validTo}`);
}

/** What the parser says is left out of the message: it may quote a key. */
function parse<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new SpoiltAuthority(`its ${what} cannot be read`);
  }
}
