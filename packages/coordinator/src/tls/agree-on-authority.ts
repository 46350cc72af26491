import type { CertificateStore, KeptAuthority } from '@kube-prefetch/cluster';
import { checkAuthority } from './check-authority.ts';
import { type Life, makeAuthority } from './make-certificate.ts';

/** The authority that is kept; where there is none yet, a new one, whichever replica's is kept first. */
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
