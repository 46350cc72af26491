import type { AuditEvent } from '@kube-prefetch/lab/cluster';
import { expect, test } from 'vitest';
import { type Fixture, RELEASE } from '../fixture.ts';
import type { Away } from './failures.ts';

/** After everything else: what the programs did with the API server all the time is in its audit log. */
export function usesItsRights(here: () => Fixture, apiServerAway: () => Away): void {
  test('the coordinator has used every verb that it was granted, and was refused none', async () => {
    const fixture = here();
    const events = fixture.cluster.auditEvents().filter(isOf('coordinator'));
    // An API server that starts answers before it has read its own bindings, and then refuses everybody.
    const { fromMs, untilMs } = apiServerAway();
    const refused = events.filter(({ responseStatus, requestReceivedTimestamp }) => {
      const atMs = Date.parse(requestReceivedTimestamp);
      // Nobody may make an Event in a namespace that is being deleted: its objects go one after the other.
      const ends = responseStatus?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
      return responseStatus?.code === 403 && !ends && !(fromMs < atMs && atMs < untilMs);
    });
    expect(refused).toEqual([]);
    const seen = used(events);
    expect(seen).toEqual(await granted(fixture, seen));
  });

  test('agents have no rights and asked for nothing', async () => {
    const fixture = here();
    expect(fixture.cluster.auditEvents().filter(isOf('agent'))).toEqual([]);
    const subjects = await boundSubjects(fixture);
    expect(subjects).toEqual([`${RELEASE}-coordinator`]);
  });
}

function isOf(component: string) {
  const username = `system:serviceaccount:${RELEASE}:${RELEASE}-${component}`;
  return ({ user }: AuditEvent) => user.username === username;
}

/** `watch nodes`, `patch kube-prefetch.io/prefetches/status`, sorted. */
function used(events: readonly AuditEvent[]): readonly string[] {
  const seen = events.flatMap(({ verb, objectRef }) => {
    if (objectRef?.resource === undefined) return [];
    const { apiGroup, resource, subresource } = objectRef;
    return [right(verb, apiGroup ?? '', subresource === undefined ? resource : `${resource}/${subresource}`)];
  });
  return [...new Set(seen)].sort();
}

/** Of the kinds that this API server serves, or has served: the others cost no request. */
async function granted({ get, cluster }: Fixture, seen: readonly string[]): Promise<readonly string[]> {
  const groups = (await cluster.kubectl('api-versions')).split('\n').map(version => version.replace(/\/.*$/, ''));
  const served = [...groups, ...seen.map(each => each.replace(/^\S+ (.*)\/.*$/, '$1'))];
  const ours = '-l=app.kubernetes.io/instance=kube-prefetch,app.kubernetes.io/component=coordinator';
  const clusterRoles = await get<RoleList>('clusterroles', ours);
  const roles = await get<RoleList>('roles', ours, `-n=${RELEASE}`);
  const rights = [...clusterRoles.items, ...roles.items].flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups
        .filter(group => group === '' || served.includes(group))
        .flatMap(group => resources.flatMap(resource => verbs.map(verb => right(verb, group, resource)))),
    ),
  );
  return [...new Set(rights)].sort();
}

function right(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource}`;
}

async function boundSubjects({ get }: Fixture): Promise<readonly string[]> {
  const [cluster, ours] = [await get<BindingList>('clusterrolebindings'), await get<BindingList>('rolebindings', '-A')];
  const subjects = [...cluster.items, ...ours.items].flatMap(binding => binding.subjects ?? []);
  const names = subjects.filter(subject => subject.namespace === RELEASE).map(({ name }) => name);
  return [...new Set(names)].sort();
}

interface RoleList {
  readonly items: readonly {
    readonly rules: readonly {
      readonly apiGroups: readonly string[];
      readonly resources: readonly string[];
      readonly verbs: readonly string[];
    }[];
  }[];
}

interface BindingList {
  readonly items: readonly {
    readonly subjects?: readonly { readonly name: string; readonly namespace?: string }[];
  }[];
}
