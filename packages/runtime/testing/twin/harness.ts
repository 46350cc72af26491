import { createHash } from 'node:crypto';
import { createSkippingClock } from '@kube-prefetch/time/testing';
import { WRONG } from '../asking.ts';
import type { ImageForm, ImageToPublish, Published, RegistryTrouble, RuntimeHarness } from '../harness.ts';
import type { PublishedImage, ScriptedFailure } from './registry.ts';
import { createTwinRuntime } from './runtime.ts';

const HOST = 'suite.example';
/** Where no registry is. */
const NOBODY = ['127.0.0.1:1/suite/app:v1', 'registry.invalid/suite/app:v1'];
const ALWAYS = 1_000;

/** On a clock that skips waits. */
export async function startTwinHarness(): Promise<RuntimeHarness> {
  const clock = createSkippingClock();
  const runtime = createTwinRuntime({ clock });
  const { registry } = runtime;
  for (const reference of NOBODY) registry.failNext(reference, { kind: 'RegistryUnavailable' }, ALWAYS);
  let published = 0;

  const until = async (condition: () => boolean) => {
    while (!condition()) await clock.sleep(5);
  };
  const requests = (image: Published) => sum(namesOf(image).map(name => registry.requests(name)));
  return {
    runtime,
    async publish(wanted) {
      const image = nameImage(wanted, published++);
      for (const tag of ['v1', 'latest']) registry.publish(`${image.name}:${tag}`, contentsOf(wanted, image));
      return image;
    },
    async move(image) {
      const digest = `sha256:${createHash('sha256').update(image.digest).digest('hex')}`;
      registry.publish(image.reference, contentsOf({}, { ...image, digest }));
      return { ...image, digest };
    },
    requests,
    downloads: ({ reference }) => registry.downloads(reference),
    asked: image => until(() => requests(image) > 0),
    downloading: ({ reference }) => until(() => registry.downloads(reference) > 0),
    hungUp: ({ reference }) => until(() => registry.sending(reference) === 0),
    remove: async reference => runtime.remove(reference),
    stop: async () => runtime.stop(),
    crash: async () => runtime.stop(),
    start: async () => runtime.start(),
    hang: async () => runtime.hang(),
    resume: async () => runtime.start(),
    close: async () => runtime.stop(),
  };
}

function nameImage({ short, sizeBytes = 64 * 1024 }: ImageToPublish, number: number): Published {
  const name = short ? `i${number}` : `${HOST}/suite/i${number}`;
  const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
  return { name, reference: `${name}:v1`, digest, sizeBytes };
}

/** Every way in which the suite writes it. */
function namesOf({ name, reference, digest }: Published): readonly string[] {
  return [name, reference, `${name}:latest`, `${name}@${digest}`, `${reference}@${digest}`];
}

function contentsOf(wanted: ImageToPublish, { digest, sizeBytes }: Published): PublishedImage {
  const { form = 'one platform', trouble, credentials, bytesPerSecond } = wanted;
  const failure = FORMS[form] ?? (trouble && TROUBLES[trouble]);
  return {
    digest,
    sizeBytes,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(credentials && { credentials }),
    ...(failure && { failure }),
    ...(trouble === 'stalls' && { stallAfterBytes: sizeBytes / 2 }),
  };
}

const FORMS: Partial<Record<ImageForm, ScriptedFailure>> = {
  'another platform': { kind: 'NoPlatform' },
  artifact: { kind: 'NotAnImage' },
  'web page': { kind: 'RegistryUnavailable' },
};

const TROUBLES: Partial<Record<RegistryTrouble, ScriptedFailure>> = {
  forbids: { kind: 'Unauthorized', message: `403 Forbidden: who is ${WRONG.username}:${WRONG.password}?` },
  limits: { kind: 'RateLimited' },
  fails: { kind: 'RegistryUnavailable' },
  silent: { kind: 'RegistryUnavailable' },
  cuts: { kind: 'RegistryUnavailable', afterBytes: 1_000 },
  corrupts: { kind: 'Corrupt', afterBytes: 1_000 },
  'lost layer': { kind: 'Corrupt', afterBytes: 0 },
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
