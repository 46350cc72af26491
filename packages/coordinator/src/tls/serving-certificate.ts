import type { CertificateStore, KeptAuthority } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { backoffMs, type Clock, dateOf, type Random, withDeadline } from '@kube-prefetch/time';
import { agreeOnAuthority } from './agree-on-authority.ts';
import { issueCertificate, type Life, type ServerCertificate } from './make-certificate.ts';

export interface ServingCertificateParts {
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The only name that the certificate is good for: what agents call the coordinator. */
  readonly dnsName: string;
  readonly lives?: Lives;
}

export interface Lives {
  readonly authorityMs: number;
  readonly certificateMs: number;
}

/** A certificate that is always valid, of an authority that all replicas share. */
export interface ServingCertificate {
  /** Tries until there is one. */
  first(signal: AbortSignal): Promise<ServerCertificate>;
  /** Replaces it before it ends, and when the authority is another, until the signal aborts. */
  keepGood(use: (certificate: ServerCertificate) => void, signal: AbortSignal): Promise<void>;
}

interface Issued {
  readonly by: KeptAuthority;
  readonly life: Life;
}

const DAY_MS = 86_400_000;
const LIVES: Lives = { authorityMs: 3_650 * DAY_MS, certificateMs: 7 * DAY_MS };
/** A certificate begins this much earlier, for agents whose clocks are behind. */
const BACKDATED_MS = 3_600_000;
/** How often the store is looked at. */
const LOOK_MS = 60_000;
const CALLS_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 30_000 };
/** The shortest pause, whatever jitter says: an overloaded API server asks for at least this. */
const SOONEST_MS = 1_000;

export function createServingCertificate(parts: ServingCertificateParts): ServingCertificate {
  const { store, clock, random, log, dnsName, lives = LIVES } = parts;
  let authority: KeptAuthority | undefined;
  let issued: Issued | undefined;
  let failures = 0;

  const lifeOf = (lengthMs: number): Life => ({
    fromMs: clock.wallMs() - BACKDATED_MS,
    untilMs: clock.wallMs() + lengthMs,
  });

  /** While the store cannot be reached, or holds something unusable, the known authority stays in use. */
  const agree = async (signal: AbortSignal) => {
    try {
      await withDeadline(clock, CALLS_MS, signal, 'agreeing on a certificate authority', async inTime => {
        authority = await agreeOnAuthority(store, lifeOf(lives.authorityMs), clock.wallMs(), inTime);
        await store.publish(authority.certificate, inTime);
      });
      failures = 0;
    } catch (err) {
      signal.throwIfAborted();
      failures += 1;
      log.error({ err, failures }, 'certificate authority not agreed on');
    }
  };

  /** A certificate, where a new one is due. */
  const renew = async (signal: AbortSignal): Promise<ServerCertificate | undefined> => {
    await agree(signal);
    if (authority === undefined || (issued?.by.certificate === authority.certificate && !isDue(issued.life))) return;
    const life = lifeOf(lives.certificateMs);
    const certificate = await issueCertificate(authority, dnsName, life);
    issued = { by: authority, life };
    log.info({ dnsName, until: dateOf(life.untilMs).toISOString() }, 'certificate issued');
    return certificate;
  };

  const isDue = (life: Life) => clock.wallMs() < life.fromMs || clock.wallMs() >= renewalMs(life);
  const renewalMs = ({ untilMs }: Life) => untilMs - lives.certificateMs / 3;

  const rest = (signal: AbortSignal) => {
    const retryMs = failures === 0 ? LOOK_MS : backoffMs(failures, random(), RETRY);
    const leftMs = issued === undefined ? Infinity : renewalMs(issued.life) - clock.wallMs();
    return clock.sleep(Math.max(SOONEST_MS, Math.min(retryMs, leftMs)), signal);
  };

  return {
    async first(signal) {
      for (;;) {
        const certificate = await renew(signal);
        if (certificate !== undefined) return certificate;
        await rest(signal);
      }
    },
    async keepGood(use, signal) {
      for (;;) {
        await rest(signal);
        const certificate = await renew(signal);
        if (certificate !== undefined) use(certificate);
      }
    },
  };
}
