import type { NodeOverview } from '@kube-prefetch/protocol';
import { expect, test } from 'vitest';
import type { KubeAnswer } from '../connect/kube.ts';
import { type Installation, judgeInstallation } from './judge-installation.ts';

const node = (name: string, more: Partial<NodeOverview> = {}) =>
  ({ name, agent: 'Reporting', runtime: { name: 'containerd', version: '2.4.0' }, ...more }) as NodeOverview;

function pod(component: string, nodeName: string, status: object = {}): KubeAnswer {
  const labels = { 'app.kubernetes.io/component': component };
  return {
    metadata: { name: `${component}-${nodeName}`, namespace: 'kp', labels },
    spec: { nodeName, containers: [{ image: 'r.example:5000/kp/x:0.1.0' }] },
    status: { phase: 'Running', containerStatuses: [{ ready: true }], ...status },
  };
}

const waiting = (reason: string) => ({
  phase: 'Pending',
  containerStatuses: [{ ready: false, state: { waiting: { reason, message: 'm' } } }],
});

const overview = (...nodes: readonly NodeOverview[]) => ({ gaps: [], resources: [], nodes }) as never;
const GOOD: Installation = {
  namespace: 'kp',
  kubernetes: 'v1.37.2',
  kinds: ['Prefetch', 'ClusterPrefetch'],
  rights: [{ what: 'get leases in kp', allowed: true }],
  lease: { holder: 'coordinator-n1', renewedAgoMs: 3_000 },
  pods: [pod('coordinator', 'n1'), pod('agent', 'n1')],
  namespaceLabels: {},
  policies: [],
  overview: overview(node('n1'), node('v1', { agent: 'NotApplicable' })),
  overviewProblem: undefined,
};

test('an installation that works passes every check', () => {
  const findings = judgeInstallation(GOOD);
  expect(findings.filter(({ verdict }) => verdict !== 'ok')).toMatchObject([
    { check: 'Faster pulls', verdict: 'note' },
  ]);
  expect(findings.map(({ check, says }) => `${check}: ${says}`)).toContain('Agents: 1 node: all report');
});

test.each<[string, Partial<Installation>, string, RegExp]>([
  ['an old cluster', { kubernetes: 'v1.29.3' }, 'Kubernetes', /older than 1.30/],
  ['no definitions', { kinds: [] }, 'Definitions', /Prefetch and ClusterPrefetch.*files\/crds/],
  ['no rights', { rights: [{ what: 'list pods in kp', allowed: false }] }, 'Your rights', /list pods.*viewer.subjects/],
  [
    'Pod Security',
    { namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    'Pod Security',
    /restricted.*privileged/,
  ],
  ['a clock that is ahead', { lease: { holder: 'x', renewedAgoMs: -90_000 } }, 'Clocks', /1m30s ahead/],
  ['a clock that is behind', { lease: { holder: 'x', renewedAgoMs: 90_000 } }, 'Clocks', /1m30s behind/],
  ['no coordinator', { pods: [] }, 'Coordinators', /no pod/],
  [
    'a coordinator without an image',
    { pods: [pod('coordinator', 'n1', waiting('ImagePullBackOff'))] },
    'Coordinators',
    /ImagePullBackOff.*image.repository/,
  ],
  ['no Lease', { lease: undefined }, 'Leader', /no Lease/],
  ['nobody leads', { lease: { holder: undefined, renewedAgoMs: undefined } }, 'Leader', /nobody leads/],
  ['no answer', { overview: undefined, overviewProblem: 'refused' }, 'Cluster as read', /refused.*logs/],
  [
    'a silent agent whose pod runs',
    { overview: overview(node('n1', { agent: 'Silent' })) },
    'Agents',
    /n1.*is ready.*Network policies/,
  ],
  [
    'no pod on a node',
    { overview: overview(node('n2', { agent: 'None' })) },
    'Agents',
    /n2.*no pod.*describe daemonset/,
  ],
  [
    'a socket that may not be opened',
    {
      overview: overview(
        node('n1', { runtime: { failure: { kind: 'RuntimeUnavailable', message: 'EACCES: permission denied' } } }),
      ),
    },
    'Runtimes',
    /seLinuxOptions/,
  ],
  [
    'another runtime',
    { overview: overview(node('n1', { runtime: { failure: { kind: 'RuntimeMismatch', message: 'm' } } })) },
    'Runtimes',
    /runtime.socket/,
  ],
  [
    'a disk that is not seen',
    { overview: overview(node('n1', { runtime: { diskUnseen: true } })) },
    'Runtimes',
    /disk.hostPath/,
  ],
])('%s is said, with what to do', (_case, more, check, text) => {
  const findings = judgeInstallation({ ...GOOD, ...more }).filter(({ verdict }) => verdict !== 'ok');
  const found = findings.find(finding => finding.check === check);
  expect(`${found?.says} ${found?.remedy}`).toMatch(text);
});

test.each([
  ['2.4.0', /2.4.0 \(1 node\) can fetch.*in ranges.*and unpack layers in parallel/],
  ['2.1.4', /2.1.4 \(1 node\) can fetch.*in ranges.*That is off/],
  ['1.6.20~ds1', /has no setting/],
])('of containerd %s it is said what makes pulls faster', (version, text) => {
  const found = { ...GOOD, overview: overview(node('n1', { runtime: { name: 'containerd', version } })) };
  const notes = judgeInstallation(found).filter(({ verdict }) => verdict === 'note');
  expect(notes).toMatchObject([{ says: expect.stringMatching(text), page: 'runtime-settings.md' }]);
  const docker = { ...GOOD, overview: overview(node('n1', { runtime: { name: 'docker', version } })) };
  expect(judgeInstallation(docker).filter(({ verdict }) => verdict === 'note')).toEqual([]);
});

test('where nothing is installed that is all that is said', () => {
  const findings = judgeInstallation({ ...GOOD, kinds: [], lease: undefined, pods: [] });
  expect(findings.map(({ check, verdict }) => `${check} ${verdict}`)).toEqual(['Kubernetes ok', 'Installation broken']);
});

test('what may not be read is skipped, and not called broken', () => {
  const findings = judgeInstallation({ ...GOOD, pods: undefined, namespaceLabels: undefined });
  expect(findings.filter(({ verdict }) => verdict === 'skipped').map(({ check }) => check)).toEqual([
    'Pod Security',
    'Coordinators',
    'Network policies',
    'Versions',
  ]);
});
