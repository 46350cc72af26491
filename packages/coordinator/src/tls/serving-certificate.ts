import type { CertificateStore, KeptAuthority } from '@kube-prefetch/cluster';
import type { Log } from '@kube-prefetch/process';
import { errorText } from '@kube-prefetch/protocol';
import { type Clock, createRetry, dateOf, type Random, withDeadline } from '@kube-prefetch/time';
import { agreeOnAuthority, lifeOfAuthority, trustedCertificates } from './agree-on-authority.ts';
import { issueCertificate, type Life, type ServerCertificate } from './make-certificate.ts';

export interface ServingCertificateParts {
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: CertificateMetrics | undefined;
  /** The only name that the certificate is good for: what agents call the coordinator. */
  readonly dnsName: string;
  readonly lives?: Lives;
  /** How often the stored authority is looked at. */
  readonly lookMs?: number;
}

/** Told of the certificates in use. */
export interface CertificateMetrics {
  certificateEnds(certificate: 'authority' | 'serving', endMs: number): void;
  authorityProblem(isProblem: boolean): void;
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
  /** Neither the certificate in use nor its authority has ended. */
  isGood(): boolean;
  /** Why the last look at the stored authority failed; undefined where it did not. */
  problem(): string | undefined;
}

interface Issued {
  readonly by: KeptAuthority;
  readonly life: Life;
}

const DAY_MS = 86_400_000;
const LIVES: Lives = { authorityMs: 3_650 * DAY_MS, certificateMs: 7 * DAY_MS };
/** A certificate begins this much earlier, for agents whose clocks are behind. */
const BACKDATED_MS = 3_600_000;
const LOOK_MS = 60_000;
const CALLS_MS = 10_000;
const RETRY = { baseMs: 1_000, capMs: 30_000 };
/** The shortest pause, whatever jitter says: an overloaded API server asks for at least this. */
const SOONEST_MS = 1_000;

export function createServingCertificate(parts: ServingCertificateParts): ServingCertificate {
  const { store, clock, random, log, metrics, dnsName, lives = LIVES, lookMs = LOOK_MS } = parts;
  let authority: KeptAuthority | undefined;
  let issued: Issued | undefined;
  const retry = createRetry(random);
  let problem: string | undefined;

  const lifeOf = (lengthMs: number): Life => ({
    fromMs: clock.wallMs() - BACKDATED_MS,
    untilMs: clock.wallMs() + lengthMs,
  });

  /** While the store cannot be reached, or holds something unusable, the known authority stays in use. */
  const agree = async (signal: AbortSignal) => {
    try {
      await withDeadline(clock, CALLS_MS, signal, 'agreeing on a certificate authority', async inTime => {
        const life = lifeOf(lives.authorityMs);
        const overlapMs = lives.certificateMs + BACKDATED_MS;
        authority = await agreeOnAuthority({ store, life, overlapMs, wallMs: clock.wallMs() }, inTime);
        await store.publish(trustedCertificates(authority), inTime);
      });
      retry.succeeded();
      problem = undefined;
    } catch (err) {
      signal.throwIfAborted();
      retry.failed();
      problem = errorText(err);
      log.error({ err, failures: retry.failures }, 'certificate authority not agreed on');
    }
    metrics?.authorityProblem(problem !== undefined);
  };

  /** A certificate, where a new one is due. */
  const renew = async (signal: AbortSignal): Promise<ServerCertificate | undefined> => {
    await agree(signal);
    if (authority === undefined || (issued?.by.certificate === authority.certificate && !isDue(issued.life))) return;
    const life = lifeOf(lives.certificateMs);
    const certificate = await issueCertificate(authority, dnsName, life);
    issued = { by: authority, life };
    metrics?.certificateEnds('authority', lifeOfAuthority(authority.certificate).untilMs);
    metrics?.certificateEnds('serving', life.untilMs);
    log.info({ dnsName, until: dateOf(life.untilMs).toISOString() }, 'certificate issued');
    return certificate;
  };

  const isDue = (life: Life) => clock.wallMs() < life.fromMs || clock.wallMs() >= renewalMs(life);
  const renewalMs = ({ untilMs }: Life) => untilMs - lives.certificateMs / 3;

  const rest = (signal: AbortSignal) => {
    const retryMs = retry.failures === 0 ? lookMs : retry.pauseMs(RETRY);
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
    isGood() {
      if (issued === undefined) return false;
      const endMs = Math.min(issued.life.untilMs, lifeOfAuthority(issued.by.certificate).untilMs);
      return clock.wallMs() < endMs;
    },
    problem: () => problem,
  };
}
