import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, type Say } from '../../machine/index.ts';
import { needDebianPackages } from '../../set-up/index.ts';

const DAYS = '30';
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Subject {
  readonly user: string;
  readonly groups?: readonly string[];
  /** `IP:10.0.0.1`, `DNS:node1`. */
  readonly altNames?: readonly string[];
}

/** A cluster's certificate authority and keys, in a folder. */
export interface Pki {
  readonly caFile: string;
  /** RSA: signs service account tokens. */
  readonly serviceAccountKeyFile: string;
  /** For clients and servers. */
  issue(subject: Subject): Promise<Certificate>;
}

export async function createPki(dir: string, { say }: { say?: Say } = {}): Promise<Pki> {
  await needDebianPackages(['openssl'], { say });
  mkdirSync(dir, { recursive: true });
  const caFile = join(dir, 'ca.crt');
  const caKeyFile = join(dir, 'ca.key');
  const serviceAccountKeyFile = join(dir, 'service-accounts.key');
  await openssl(
    'req',
    '-x509',
    ...EC,
    '-keyout',
    caKeyFile,
    '-subj',
    '/CN=kube-prefetch-lab',
    '-days',
    DAYS,
    '-out',
    caFile,
  );
  await openssl('genrsa', '-out', serviceAccountKeyFile, '2048');
  let issued = 0;
  return {
    caFile,
    serviceAccountKeyFile,
    async issue(subject) {
      const stem = join(dir, `${++issued}-${subject.user.replaceAll(/[^\w.-]/g, '_')}`);
      const files = { certFile: `${stem}.crt`, keyFile: `${stem}.key` };
      writeFileSync(`${stem}.ext`, extensionsOf(subject));
      await openssl('req', ...EC, '-keyout', files.keyFile, '-subj', distinguishedName(subject), '-out', `${stem}.csr`);
      const authority = ['-CA', caFile, '-CAkey', caKeyFile, '-set_serial', String(issued)];
      const terms = ['-days', DAYS, '-extfile', `${stem}.ext`];
      await openssl('x509', '-req', '-in', `${stem}.csr`, ...authority, ...terms, '-out', files.certFile);
      return files;
    },
  };
}

export async function base64Of(file: string): Promise<string> {
  return (await readFile(file)).toString('base64');
}

function extensionsOf({ altNames = [] }: Subject): string {
  const names = altNames.length === 0 ? '' : `subjectAltName=${altNames.join(',')}\n`;
  return `extendedKeyUsage=clientAuth,serverAuth\n${names}`;
}

/** Kubernetes reads a certificate's CN as the user and each O as a group. */
function distinguishedName({ user, groups = [] }: Subject): string {
  const escaped = (text: string) => text.replaceAll(/[\\/+]/g, '\\$&');
  return [...groups.map(group => `/O=${escaped(group)}`), `/CN=${escaped(user)}`].join('');
}

function openssl(...args: readonly string[]): Promise<string> {
  return runProgram('openssl', args);
}
