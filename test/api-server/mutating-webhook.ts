import { createServer, type Server } from 'node:https';
import { issueCertificate, makeAuthority } from '@kube-prefetch/coordinator/testing';
import type { ApiServer } from '@kube-prefetch/lab/cluster';

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
}

/** A mutating webhook for the pods of one namespace, over HTTPS as clusters have them. */
export interface MutatingWebhook {
  /** What it makes of pods from now on; `garbage`: it answers what is no answer. */
  answer(change: ((spec: PodSpec) => PodSpec) | 'garbage'): void;
  /** How many pods it was asked about; of dry runs in `dryRuns`. */
  asked(): { readonly pods: number; readonly dryRuns: number };
  close(): Promise<void>;
}

interface Review {
  readonly request: { readonly uid: string; readonly dryRun?: boolean; readonly object: { readonly spec: PodSpec } };
}

const HOUR_MS = 3_600_000;

export async function startMutatingWebhook(server: ApiServer, namespace: string): Promise<MutatingWebhook> {
  const terms = { fromMs: Date.now() - HOUR_MS, untilMs: Date.now() + 24 * HOUR_MS };
  const authority = await makeAuthority(terms);
  const { key, cert } = await issueCertificate(authority, 'localhost', terms);
  let change: Parameters<MutatingWebhook['answer']>[0] = spec => spec;
  let [pods, dryRuns] = [0, 0];
  const listener: Server = createServer({ key, cert }, (asking, answer) => {
    asking.toArray().then(
      chunks => {
        const { request } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
        if (request.dryRun === true) dryRuns += 1;
        else pods += 1;
        answer.setHeader('content-type', 'application/json');
        answer.end(change === 'garbage' ? '{"kind":"Nonsense"' : JSON.stringify(reviewed(request, change)));
      },
      () => answer.destroy(),
    );
  });
  await new Promise<void>(resolve => void listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await server.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'rewrite-and-inject' },
    webhooks: [
      {
        name: 'rewrite.kube-prefetch.test',
        clientConfig: {
          url: `https://localhost:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 5,
      },
    ],
  });
  return {
    answer: next => void (change = next),
    asked: () => ({ pods, dryRuns }),
    close: () =>
      new Promise(resolve => {
        listener.closeAllConnections();
        listener.close(() => resolve());
      }),
  };
}

function reviewed({ uid, object }: Review['request'], change: (spec: PodSpec) => PodSpec): object {
  const { containers, initContainers = [] } = change(object.spec);
  const patch = [
    { op: 'add', path: '/spec/containers', value: containers },
    { op: 'add', path: '/spec/initContainers', value: initContainers },
  ];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    },
  };
}
