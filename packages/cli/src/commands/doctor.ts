import { errorText, type Overview } from '@kube-prefetch/protocol';
import { wallMsOf } from '@kube-prefetch/time';
import { DEFAULT_LEASE, type LeaseName } from '../connect/find-leader.ts';
import type { Context } from '../connect/context.ts';
import { createViews, TRIES_OF_ONE } from '../connect/coordinator.ts';
import { type Kube, type KubeAnswer, KubeRefusal } from '../connect/kube.ts';
import { CliError, EXIT } from '../print/cli-error.ts';
import type { Finding } from '../doctor/finding.ts';
import { type Installation, judgeInstallation } from '../doctor/judge-installation.ts';
import { asData, type OutputFormat } from './output.ts';

export interface DoctorOptions {
  readonly output?: OutputFormat;
}

/** Why an installation does not work, and what to do about each reason. */
export async function examine(
  context: Context,
  named: LeaseName | undefined,
  { output }: DoctorOptions,
): Promise<void> {
  const { terminal } = context;
  const findings = judgeInstallation(await readInstallation(context, named ?? DEFAULT_LEASE));
  terminal.out(asData(output, findings) ?? findings.map(finding => findingText(finding, terminal)).join(''));
  const broken = findings.filter(({ verdict }) => verdict === 'broken').length;
  if (broken > 0) throw new CliError(`${broken} of ${findings.length} checks failed`, { exitCode: EXIT.no });
}

const WORDS = { ok: 'ok', note: 'note', look: 'look', broken: 'FAILED', skipped: 'skipped' } as const;
const STYLES = { ok: 'good', note: 'dim', look: 'busy', broken: 'bad', skipped: 'dim' } as const;

function findingText({ check, verdict, says, remedy, page }: Finding, { paint }: Context['terminal']): string {
  const head = `${paint(STYLES[verdict], WORDS[verdict].padEnd(7))}  ${check}: ${says}\n`;
  const what = remedy === undefined ? '' : `         What to do: ${remedy}\n`;
  return `${head}${what}${page === undefined ? '' : `         docs/${page}\n`}`;
}

const RIGHTS = [
  { verb: 'get', group: 'coordination.k8s.io', resource: 'leases' },
  { verb: 'list', group: '', resource: 'pods' },
  { verb: 'create', group: '', resource: 'pods', subresource: 'portforward' },
  { verb: 'list', group: 'kube-prefetch.io', resource: 'prefetches', everywhere: true },
] as const;

async function readInstallation(context: Context, lease: LeaseName): Promise<Installation> {
  const kube = context.needKube('doctor');
  const { namespace } = lease;
  const { signal, clock } = context;
  const get = (path: string, query?: Readonly<Record<string, string>>) =>
    orUndefined(kube.call({ method: 'GET', path, ...(query && { query }) }, signal));
  const version = await kube.call<{ gitVersion?: unknown }>({ method: 'GET', path: '/version' }, signal);
  const kinds = await get('/apis/kube-prefetch.io/v1alpha1');
  const found = await get(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${lease.name}`);
  const pods = await get(`/api/v1/namespaces/${namespace}/pods`, {
    labelSelector: 'app.kubernetes.io/name=kube-prefetch',
  });
  const own = await get(`/api/v1/namespaces/${namespace}`);
  const policies = await get(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`);
  const overview = await readOverview(context);
  return {
    namespace,
    kubernetes: String(version.gitVersion),
    kinds: ((kinds?.resources as readonly { kind?: unknown }[] | undefined) ?? []).map(({ kind }) => String(kind)),
    rights: await Promise.all(RIGHTS.map(right => review(kube, right, namespace, signal))),
    lease: found && leaseOf(found, clock.wallMs()),
    pods: pods?.items,
    policies: policies?.items,
    namespaceLabels: own?.metadata && ((own.metadata.labels as Record<string, unknown> | undefined) ?? {}),
    ...overview,
  };
}

/** What may not be read, or is not there, is not judged. */
async function orUndefined(answer: Promise<KubeAnswer>): Promise<KubeAnswer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KubeRefusal) return undefined;
    throw error;
  }
}

/** What does not answer is a finding: it is not waited for. */
async function readOverview({
  path,
  clock,
  signal,
}: Context): Promise<{ overview: Overview | undefined; overviewProblem: string | undefined }> {
  const views = createViews({ ...path, tries: TRIES_OF_ONE }, clock, () => {});
  try {
    return { overview: await views.overview(signal), overviewProblem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { overview: undefined, overviewProblem: errorText(error) };
  }
}

async function review(
  kube: Kube,
  {
    verb,
    group,
    resource,
    ...more
  }: { verb: string; group: string; resource: string; subresource?: string; everywhere?: boolean },
  namespace: string,
  signal: AbortSignal,
): Promise<{ what: string; allowed: boolean }> {
  const { subresource, everywhere = false } = more;
  const resourceAttributes = { verb, group, resource, subresource, ...(!everywhere && { namespace }) };
  const answer = await kube.call(
    {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
    },
    signal,
  );
  const name = `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  const what = `${verb} ${name}${everywhere ? '' : ` in ${namespace}`}`;
  return { what, allowed: answer.status?.allowed === true };
}

function leaseOf({ spec }: KubeAnswer, nowMs: number): Installation['lease'] {
  const holder =
    typeof spec?.holderIdentity === 'string' && spec.holderIdentity !== '' ? spec.holderIdentity : undefined;
  const renewedMs = typeof spec?.renewTime === 'string' ? wallMsOf(spec.renewTime) : undefined;
  return { holder, renewedAgoMs: renewedMs === undefined ? undefined : nowMs - renewedMs };
}
