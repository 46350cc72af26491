import { isDeepStrictEqual } from 'node:util';
import type { CertificateStore, KeptAuthority } from '../ports/trust.ts';
import { type Field, fields } from '../to-state/index.ts';
import { type KubeApi, KubeApiError, type KubeObject, type ObjectName } from '../api/kube-api.ts';
import { CONFIG_MAPS, SECRETS } from '../api/kinds.ts';

export interface KubernetesCertificatesParts {
  readonly api: KubeApi;
  /** Both must exist, perhaps empty: RBAC cannot allow to create one name only. */
  readonly secret: ObjectName;
  readonly configMap: ObjectName;
}

const CERTIFICATE = 'tls.crt';
const PRIVATE_KEY = 'tls.key';
const NEXT_CERTIFICATE = 'next.crt';
const NEXT_PRIVATE_KEY = 'next.key';
const PREVIOUS_CERTIFICATE = 'previous.crt';
const PUBLISHED = 'ca.crt';

/** Keeps the authority in a Secret, and the certificate that agents trust in a ConfigMap. */
export function createKubernetesCertificates({
  api,
  secret,
  configMap,
}: KubernetesCertificatesParts): CertificateStore {
  return {
    read: async signal => authorityIn(await api.get(SECRETS, secret, signal)),
    async keep({ certificate, privateKey, next, previous }, known, signal) {
      const object = await api.get(SECRETS, secret, signal);
      if (!isDeepStrictEqual(authorityIn(object), known)) return false;
      const data = {
        [CERTIFICATE]: toBase64(certificate),
        [PRIVATE_KEY]: toBase64(privateKey),
        [NEXT_CERTIFICATE]: next && toBase64(next.certificate),
        [NEXT_PRIVATE_KEY]: next && toBase64(next.privateKey),
        [PREVIOUS_CERTIFICATE]: previous && toBase64(previous),
      };
      return replaced(api.write({ verb: 'replace', kind: SECRETS, object: withData(object, data) }, signal));
    },
    async publish(certificates, signal) {
      const object = await api.get(CONFIG_MAPS, configMap, signal);
      if (fields.optionalText(fields.below(fields.root(object), 'data', PUBLISHED)) === certificates) return;
      const next = withData(object, { [PUBLISHED]: certificates });
      // A replica that was faster has published the same certificates.
      await replaced(api.write({ verb: 'replace', kind: CONFIG_MAPS, object: next }, signal));
    },
  };
}

function authorityIn(object: KubeObject): KeptAuthority | undefined {
  const data = fields.below(fields.root(object), 'data');
  const certificate = fromBase64(fields.below(data, CERTIFICATE));
  const privateKey = fromBase64(fields.below(data, PRIVATE_KEY));
  if (certificate === '' && privateKey === '') return undefined;
  const next = {
    certificate: fromBase64(fields.below(data, NEXT_CERTIFICATE)),
    privateKey: fromBase64(fields.below(data, NEXT_PRIVATE_KEY)),
  };
  const previous = fromBase64(fields.below(data, PREVIOUS_CERTIFICATE));
  return {
    certificate,
    privateKey,
    ...(next.certificate !== '' && { next }),
    ...(previous !== '' && { previous }),
  };
}

/** Other keys of the object stay; those that are undefined here go. */
function withData(object: KubeObject, data: Record<string, string | undefined>): KubeObject {
  return { ...object, data: { ...(object['data'] as object | undefined), ...data } };
}

async function replaced(writing: Promise<KubeObject>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof KubeApiError && error.failure === 'Conflict') return false;
    throw error;
  }
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function fromBase64(field: Field): string {
  return Buffer.from(fields.optionalText(field) ?? '', 'base64').toString();
}
