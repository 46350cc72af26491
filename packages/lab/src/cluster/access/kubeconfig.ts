import { writeFileSync } from 'node:fs';
import { base64Of, type Certificate } from './pki.ts';

export type UserCredential = Certificate | { readonly token: string };

/** Writes a kubeconfig that names no other file; JSON, which is YAML too. */
export async function writeKubeconfig(
  file: string,
  { url, caFile, credential }: { url: string; caFile: string; credential: UserCredential },
): Promise<string> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server: url, 'certificate-authority-data': await base64Of(caFile) } }],
    users: [{ name: 'lab', user: await userOf(credential) }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    'current-context': 'lab',
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return file;
}

async function userOf(credential: UserCredential): Promise<Record<string, string>> {
  if ('token' in credential) return { token: credential.token };
  return {
    'client-certificate-data': await base64Of(credential.certFile),
    'client-key-data': await base64Of(credential.keyFile),
  };
}
