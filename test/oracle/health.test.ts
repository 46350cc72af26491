import { readFileSync } from 'node:fs';
import { toYaml } from '@kube-prefetch/lab/gen';
import { FAILURE_KINDS, isPermanent, RESOURCE_KINDS, type ResourceKind } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import { callOriginal } from './call-original.ts';
import { healthCases } from './health-cases.ts';

interface Health {
  readonly status: string;
  readonly message: string;
}

const CUSTOMIZATIONS = new URL('../../examples/argocd/resource_customizations/kube-prefetch.io/', import.meta.url);
const scriptOf = (kind: ResourceKind) => readFileSync(new URL(`${kind}/health.lua`, CUSTOMIZATIONS), 'utf8');
const fileOf = (kind: ResourceKind, name: string) => new URL(`${kind}/${name}`, CUSTOMIZATIONS).pathname;

/** What makes a script judge by Warm. */
const HOOK = { 'argocd.argoproj.io/hook': 'PreSync' };
const ASKED = { 'kube-prefetch.io/argocd-health': 'Warm' };

test.each(RESOURCE_KINDS)('kstatus, by which Helm and Flux wait, reads each status of a %s right', async kind => {
  const cases = healthCases(kind);
  const answers = await callOriginal<Health>(
    'kstatus',
    cases.map(({ object }) => object),
  );
  const read = cases.map(({ name }, index) => [name, answers[index]?.status]);
  expect(Object.fromEntries(read)).toEqual(Object.fromEntries(cases.map(({ name, kstatus }) => [name, kstatus])));
  // What people read when Helm gives up.
  expect(answers[cases.findIndex(({ name }) => name === 'invalid')]?.message).toBe('spec.images: expected a list');
});

/** Of every situation as it is, as a hook, and with the annotation. */
async function argoHealth(kind: ResourceKind) {
  const variants = healthCases(kind).flatMap(({ name, object, health, whenWarm }) => [
    { name, object, health },
    { name: `${name}-hook`, object: annotated(object, HOOK), health: whenWarm },
    { name: `${name}-asked`, object: annotated(object, ASKED), health: whenWarm },
  ]);
  const script = scriptOf(kind);
  const answers = await callOriginal<Health>(
    'argo health',
    variants.map(({ object }) => ({ script, object })),
  );
  return variants.map((variant, index) => ({ ...variant, answer: answers[index] as Health }));
}

function annotated(object: object, annotations: Readonly<Record<string, string>>): object {
  const { metadata, ...rest } = object as { metadata: object };
  return { ...rest, metadata: { ...metadata, annotations } };
}

test.each(RESOURCE_KINDS)("Argo CD's interpreter finds the health of a %s, as its own test data has it", async kind => {
  const found = await argoHealth(kind);
  expect(Object.fromEntries(found.map(({ name, answer }) => [name, answer.status]))).toEqual(
    Object.fromEntries(found.map(({ name, health }) => [name, health])),
  );
  const shown = found.filter(({ name }) => isShown(kind, name));
  const tests = shown.map(({ name, answer: { status, message } }) => ({
    healthStatus: { status, message },
    inputPath: `testdata/${name}.yaml`,
  }));
  // In the form of Argo CD's repository; -u writes them anew.
  await expect(toYaml({ tests })).toMatchFileSnapshot(fileOf(kind, 'health_test.yaml'));
  for (const { name, object } of shown) {
    await expect(toYaml(object)).toMatchFileSnapshot(fileOf(kind, `testdata/${name}.yaml`));
  }
});

/** Of the second kind, whose script is the same, only the usual situations. */
function isShown(kind: ResourceKind, name: string): boolean {
  const isUsual = /^(unseen|invalid|warm|pulling|pulling-hook|not-found-hook|suspended)$/.test(name);
  return (
    isUsual ||
    (kind === 'Prefetch' && /^(?!.*-asked)(?!.*-hook)|^no-(nodes|images)-hook|^suspended-warm-hook/.test(name))
  );
}

test('the script knows which kinds of failures trying again does not mend', () => {
  const [, list = ''] = /local permanent = \{([^}]*)\}/.exec(scriptOf('Prefetch')) ?? [];
  expect([...list.matchAll(/(\w+) = true/g)].map(([, kind]) => kind)).toEqual(FAILURE_KINDS.filter(isPermanent));
});
