import './reflect-metadata-stub.ts';
import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto';
import type { KeyPair } from '@kube-prefetch/cluster';
import { dateOf } from '@kube-prefetch/time';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** From when until when a certificate is valid, by the wall clock. */
export interface Life {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** PEM text. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const AUTHORITY = 'CN=kube-prefetch';

/** A new certificate authority that signs for servers, and no other authority. */
export async function makeAuthority(life: Life): Promise<KeyPair> {
  return selfSigned(life, await makeKeys());
}

/** The same authority with other dates: whoever trusts one of the two certificates trusts what its key signed. */
export function redateAuthority({ privateKey }: KeyPair, life: Life): Promise<KeyPair> {
  return selfSigned(life, {
    privateKey: createPrivateKey(privateKey).toCryptoKey(ALGORITHM, true, ['sign']),
    publicKey: createPublicKey(privateKey).toCryptoKey(ALGORITHM, true, ['verify']),
  });
}

async function selfSigned(life: Life, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...dates(life),
    name: AUTHORITY,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), privateKey: await pemOf(keys.privateKey) };
}

/** A certificate of the authority for one DNS name. Its key never leaves the process. */
export async function issueCertificate(by: KeyPair, dnsName: string, life: Life): Promise<ServerCertificate> {
  const keys = await makeKeys();
  const authority = new X509Certificate(by.certificate);
  const certificate = await X509CertificateGenerator.create({
    ...dates(life),
    subject: 'CN=kube-prefetch coordinator',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(by.privateKey).toCryptoKey(ALGORITHM, false, ['sign']),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }]),
      await AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  return { cert: pem(certificate), key: await pemOf(keys.privateKey) };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function dates({ fromMs, untilMs }: Life) {
  return { notBefore: dateOf(fromMs), notAfter: dateOf(untilMs) };
}
