import type { FailureKind } from '@kube-prefetch/protocol';
import type { RegistryAuth } from '../src/index.ts';
import type { ImageToPublish, Published } from './harness.ts';

export const GOOD: RegistryAuth = { username: 'reader', password: 'g00d-Pa55word/+' };
export const WRONG: RegistryAuth = { username: 'reader', password: 'wr0ng-Pa55word/+' };

interface Row {
  readonly kind: FailureKind;
  readonly publish?: ImageToPublish;
  /** What to pull, where it is not what was published. */
  readonly reference?: (published: Published) => string;
  readonly auth?: RegistryAuth;
}

/** How pulls fail, and as what. */
export const FAILURES = {
  'a missing tag': { kind: 'NotFound', reference: ({ name }) => `${name}:none` },
  'a missing repository': { kind: 'NotFound', reference: ({ name }) => `${name}-none:v1` },
  'a malformed reference': { kind: 'InvalidReference', reference: ({ name }) => `${name}:Not A Tag` },
  'a repository that wants credentials': { kind: 'Unauthorized', publish: { credentials: GOOD } },
  'wrong credentials': { kind: 'Unauthorized', publish: { credentials: GOOD }, auth: WRONG },
  'a forbidden repository': { kind: 'Unauthorized', publish: { trouble: 'forbids' }, auth: WRONG },
  'a registry that limits': { kind: 'RateLimited', publish: { trouble: 'limits' } },
  'a registry that fails': { kind: 'RegistryUnavailable', publish: { trouble: 'fails' } },
  'a refused connection': { kind: 'RegistryUnavailable', reference: () => '127.0.0.1:1/suite/app:v1' },
  'an unknown host': { kind: 'RegistryUnavailable', reference: () => 'registry.invalid/suite/app:v1' },
  'a registry that never answers': { kind: 'RegistryUnavailable', publish: { trouble: 'silent' } },
  // Large, because containerd 2.x calls a download active only after its first MiB.
  'a layer that stops coming': { kind: 'Stalled', publish: { trouble: 'stalls', sizeBytes: 4 * 1024 * 1024 } },
  'a connection that ends in the middle': { kind: 'RegistryUnavailable', publish: { trouble: 'cuts' } },
  'a corrupt layer': { kind: 'Corrupt', publish: { trouble: 'corrupts' } },
  'a layer that the registry has lost': { kind: 'Corrupt', publish: { trouble: 'lost layer' } },
  'an image for other platforms': { kind: 'NoPlatform', publish: { form: 'another platform' } },
  'something that is not an image': { kind: 'NotAnImage', publish: { form: 'artifact' } },
  'a web page where the manifest should be': { kind: 'RegistryUnavailable', publish: { form: 'web page' } },
} as const satisfies Record<string, Row>;

export type FailureCase = keyof typeof FAILURES;

export const FAILURE_CASES = Object.entries(FAILURES) as unknown as readonly (readonly [FailureCase, Row])[];
