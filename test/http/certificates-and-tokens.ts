import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptAuthority } from '@kube-prefetch/cluster';
import { issueCertificate, makeAuthority } from '@kube-prefetch/coordinator/testing';

/** What agents call the coordinator; nothing but the tests' own lookups knows it. */
export const SERVICE = 'kube-prefetch-coordinator.kube-prefetch.svc';

const HOUR_MS = 3_600_000;
const NOW = { fromMs: Date.now() - HOUR_MS, untilMs: Date.now() + 24 * HOUR_MS };
const OVER = { fromMs: Date.now() - 48 * HOUR_MS, untilMs: Date.now() - HOUR_MS };

export const anAuthority = () => makeAuthority(NOW);

export const serverCertificate = (by: KeptAuthority, { name = SERVICE, over = false } = {}) =>
  issueCertificate(by, name, over ? OVER : NOW);

/** Files as the kubelet projects them into a pod: links into a folder that is replaced as a whole. */
export interface ProjectedFiles {
  readonly caFile: string;
  readonly tokenFile: string;
  readonly replace: (files: { ca?: string; token?: string }) => void;
}

export function projectFiles(dir: string, first: { ca: string; token: string }): ProjectedFiles {
  let files = first;
  let versions = 0;
  const write = () => {
    versions += 1;
    writeFileSync(join(dir, `ca-${versions}`), files.ca);
    writeFileSync(join(dir, `token-${versions}`), `${files.token}\n`);
    for (const name of ['ca', 'token']) {
      symlinkSync(`${name}-${versions}`, join(dir, `..${name}`));
      renameSync(join(dir, `..${name}`), join(dir, name));
    }
  };
  write();
  return {
    caFile: join(dir, 'ca'),
    tokenFile: join(dir, 'token'),
    replace(some) {
      files = { ...files, ...some };
      write();
    },
  };
}
