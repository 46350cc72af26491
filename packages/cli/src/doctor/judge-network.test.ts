import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import type { KubeAnswer } from '../connect/kube.ts';
import { judgeNetwork } from './judge-network.ts';

const labels = (component: string) => ({
  'app.kubernetes.io/name': 'kube-prefetch',
  'app.kubernetes.io/component': component,
});
const only = (component: string) => ({ matchLabels: labels(component) });
const pod = (component: string, nodeName: string, podIP: string, spec: object = {}): KubeAnswer => ({
  metadata: { name: `${component}-${nodeName}`, labels: labels(component) },
  spec: { nodeName, containers: [{ ports: [{ name: 'agents', containerPort: 7_070 }] }], ...spec },
  status: { podIP, hostIP: nodeName === 'n1' ? '192.168.1.5' : '192.168.2.5' },
});
const pods = [pod('coordinator', 'n1', '10.0.0.1'), pod('agent', 'n1', '10.0.0.2'), pod('agent', 'n2', '10.0.1.2')];
const onHosts = [pods[0] as KubeAnswer, ...['n1', 'n2'].map(node => pod('agent', node, '', { hostNetwork: true }))];
const policy = (name: string, spec: object) => ({ metadata: { name }, spec: { podSelector: {}, ...spec } });
const judge = (policies: readonly KubeAnswer[] | undefined, more: object = {}) =>
  judgeNetwork({ namespace: 'kp', namespaceLabels: { team: 'infra' }, pods, policies, reporting: false, ...more });

const closed = policy('deny', { policyTypes: ['Ingress', 'Egress'] });
const letIn = (from: readonly object[] | undefined, ports: readonly object[] = [{ port: 7_070 }]) =>
  policy('in', { ingress: [{ from, ports }] });
const letOut = (to: readonly object[] | undefined, ports: readonly object[] | undefined) =>
  policy('out', { policyTypes: ['Egress'], egress: [{ to, ports }] });
const IN = 'takes no connection';
const OUT = 'may not reach the coordinator';
const API = 'API server';
const DNS = 'DNS';

test.each<[string, readonly KubeAnswer[], readonly string[], object?]>([
  ['no policy', [], []],
  ['a policy for other pods', [policy('other', { podSelector: only('shop'), policyTypes: ['Ingress', 'Egress'] })], []],
  ['one that closes everything', [closed], [IN, OUT, API, DNS]],
  ['one that says no types, which is about what comes in', [policy('x', {})], [IN]],
  ['one that says no types but rules for what goes out', [policy('x', { egress: [] })], [IN, OUT, API, DNS]],
  ['everybody let in', [letIn(undefined)], []],
  ['agents let in by their labels', [letIn([{ podSelector: only('agent') }])], []],
  ['agents let in by the name of the port', [letIn([{ podSelector: only('agent') }], [{ port: 'agents' }])], []],
  ['agents let in by a range of ports', [letIn(undefined, [{ port: 7_000, endPort: 7_100 }])], []],
  ['another port', [letIn(undefined, [{ port: 7_072 }])], [IN]],
  ['the same number of UDP', [letIn(undefined, [{ port: 7_070, protocol: 'UDP' }])], [IN]],
  ['other pods let in', [letIn([{ podSelector: only('coordinator') }])], [IN]],
  ['pods of this namespace', [letIn([{ namespaceSelector: { matchLabels: { team: 'infra' } } }])], []],
  ['pods of another namespace', [letIn([{ namespaceSelector: { matchLabels: { team: 'shop' } } }])], [IN]],
  [
    'pods of this namespace with other labels',
    [letIn([{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: 'gone', operator: 'Exists' }] } }])],
    [IN],
  ],
  ['addresses of the pods', [letIn([{ ipBlock: { cidr: '10.0.0.0/16' } }])], []],
  ['addresses of some pods', [letIn([{ ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.1.0/24'] } }])], [IN]],
  ['addresses of another family', [letIn([{ ipBlock: { cidr: 'fd00::/8' } }])], [IN]],
  ['labels, and agents on the network of their nodes', [letIn([{ podSelector: {} }])], [IN], { pods: onHosts }],
  ['addresses of all nodes', [letIn([{ ipBlock: { cidr: '192.168.0.0/16' } }])], [], { pods: onHosts }],
  ['addresses of one node', [letIn([{ ipBlock: { cidr: '192.168.1.0/24' } }])], [IN], { pods: onHosts }],
  ['nothing goes out, and agents are on their nodes', [letOut([], [{ port: 1 }])], [API], { pods: onHosts }],
  ['two policies, one of which lets in', [policy('deny', { policyTypes: ['Ingress'] }), letIn(undefined)], []],
  ['everything within the namespace', [letOut([{ podSelector: {} }], undefined)], [API, DNS]],
  ['everything out', [letOut(undefined, undefined)], []],
  ['TCP out', [letOut(undefined, [{ protocol: 'TCP' }])], [DNS]],
  ['any address, but another port', [letOut(undefined, [{ port: 80 }])], [OUT, API, DNS]],
  [
    'an address that may be the API server',
    [letOut([{ ipBlock: { cidr: '203.0.113.7/32' } }], [{ port: 443 }])],
    [OUT, DNS],
  ],
])('%s', (_case, policies, expected, more) => {
  const findings = judge(policies, more).filter(({ verdict }) => verdict !== 'ok');
  expect(findings.map(({ says }) => [IN, OUT, API, DNS].find(text => says.includes(text)))).toEqual(expected);
});

test('it is said which policy it is, about which agents, and what to add', () => {
  expect(judge([closed])[0]).toMatchObject({
    verdict: 'broken',
    says: 'the coordinator takes no connection on port 7070 from 2 agents (n1, n2) (networkpolicy/deny)',
    remedy: expect.stringContaining('networkPolicy.enabled=true'),
  });
  expect(judge([closed], { pods: onHosts })[0]?.remedy).toContain('addresses of the nodes as ipBlock');
});

test('where all agents report although a policy forbids it, nothing enforces it', () => {
  expect(judge([closed], { reporting: true })[0]).toMatchObject({
    verdict: 'look',
    says: expect.stringContaining('yet'),
  });
});

test('what may not be listed is not judged', () => {
  expect(judge(undefined)).toMatchObject([{ verdict: 'skipped', says: expect.stringContaining('NetworkPolicies') }]);
});

test('the policies of docs/install.md open what a namespace that is closed otherwise needs', () => {
  const text = readFileSync(new URL('../../../../docs/install.md', import.meta.url), 'utf8');
  const [, block = ''] = /## Network policies\n.*?```yaml\n(.*?)```/s.exec(text) ?? [];
  const documented = parseAllDocuments(block).map(document => document.toJS() as KubeAnswer);
  expect(documented.length).toBeGreaterThan(0);
  expect(judge([closed, letIn([{ podSelector: only('agent') }]), ...documented])).toMatchObject([{ verdict: 'ok' }]);
});
