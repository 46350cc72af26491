import { BlockList, isIPv6 } from 'node:net';
import { matchesSelector } from '@kube-prefetch/core';
import type { LabelSelector } from '@kube-prefetch/protocol';
import type { KubeAnswer } from '../connect/kube.ts';
import { countNoun, someOf } from '../print/quantities.ts';
import { componentOf, type Finding, labelsOf } from './finding.ts';

/** What decides over connections between the pods of an installation. Undefined: it could not be read, and is not judged. */
export interface Network {
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, unknown>> | undefined;
  readonly pods: readonly KubeAnswer[] | undefined;
  /** NetworkPolicies of the namespace. */
  readonly policies: readonly KubeAnswer[] | undefined;
  /** Every agent that should report does: then nothing is closed, whatever policies say. */
  readonly reporting: boolean;
}

const CHECK = 'Network policies';
const PAGE = 'install.md#network-policies';
const USUAL_AGENTS_PORT = 7_070;
/** As a Service has it, and as API servers listen. Where it is behind another one a rule with addresses has to name it, and counts. */
const API_SERVER_PORTS = [443, 6_443];

/**
 * Whether NetworkPolicies close what the programs need. Policies only ever add what may pass, and a pod that none selects is open.
 *
 * | from           | to            | port                     | what counts as open                                        |
 * | -------------- | ------------- | ------------------------ | ---------------------------------------------------------- |
 * | agent          | coordinator   | TCP 7070, both ways      | a rule that takes in labels, or the address of its node    |
 * | coordinator    | API server    | TCP 443, 6443            | a rule for every address, or for any block of addresses    |
 * | agent          | DNS           | UDP 53                   | a rule that reaches out of the namespace                   |
 *
 * An agent on its node's network is under no policy itself. Policies of other kinds, such as Cilium's, are not read.
 */
export function judgeNetwork({ namespace, namespaceLabels, pods, policies, reporting }: Network): readonly Finding[] {
  if (policies === undefined || pods === undefined)
    return [
      {
        check: CHECK,
        verdict: 'skipped',
        says: `you may not list ${policies === undefined ? 'NetworkPolicies' : 'pods'} in ${namespace}`,
      },
    ];
  if (policies.length === 0) return [{ check: CHECK, verdict: 'ok', says: `there is none in ${namespace}` }];
  const place: Place = { namespace, namespaceLabels, policies: policies.map(toPolicy) };
  const coordinators = pods.filter(pod => componentOf(pod) === 'coordinator');
  const agents = pods.filter(pod => componentOf(pod) === 'agent');
  const closed = [
    ...closedToAgents(place, coordinators, agents),
    ...closedToCoordinators(place, coordinators, agents),
    ...closedToApiServer(place, coordinators),
    ...closedToNames(place, agents),
  ];
  if (closed.length === 0)
    return [
      {
        check: CHECK,
        verdict: 'ok',
        says: `${countNoun(policies.length, 'policy', 'policies')}: what the programs need is open`,
      },
    ];
  return closed.map(({ says, by, remedy }) => ({
    check: CHECK,
    verdict: reporting ? 'look' : 'broken',
    says: `${says} (${by.map(name => `networkpolicy/${name}`).join(', ')})${reporting ? ', yet all agents report: nothing enforces it here' : ''}`,
    remedy,
    page: PAGE,
  }));
}

interface Closed {
  readonly says: string;
  /** The policies that select the pods. */
  readonly by: readonly string[];
  readonly remedy: string;
}

interface Place extends Pick<Network, 'namespace' | 'namespaceLabels'> {
  readonly policies: readonly Policy[];
}

function closedToAgents(
  place: Place,
  coordinators: readonly KubeAnswer[],
  agents: readonly KubeAnswer[],
): readonly Closed[] {
  const shut = agents.filter(agent =>
    coordinators.some(to => !isOpen(place, 'ingress', to, { port: portOf(to), protocol: 'TCP' }, () => agent)),
  );
  const [first] = shut;
  if (first === undefined) return [];
  const onHosts = isOnHost(first);
  const from = onHosts
    ? "from: the addresses of the nodes as ipBlock, or no from at all: the agents are on their nodes' network"
    : 'from: podSelector app.kubernetes.io/component=agent';
  return [
    {
      says: `the coordinator takes no connection on port ${portOf(coordinators[0])} from ${countNoun(shut.length, 'agent')} (${nodesOf(shut)})`,
      by: isolating(place, 'ingress', coordinators),
      remedy: `set networkPolicy.enabled=true, which adds a policy that lets them in; or an ingress rule of your own, ${from}`,
    },
  ];
}

function closedToCoordinators(
  place: Place,
  coordinators: readonly KubeAnswer[],
  agents: readonly KubeAnswer[],
): readonly Closed[] {
  const shut = agents.filter(agent =>
    coordinators.some(to => !isOpen(place, 'egress', agent, { port: portOf(to), protocol: 'TCP', pod: to }, () => to)),
  );
  if (shut.length === 0) return [];
  return [
    {
      says: `${countNoun(shut.length, 'agent')} (${nodesOf(shut)}) may not reach the coordinator on port ${portOf(coordinators[0])}`,
      by: isolating(place, 'egress', shut),
      remedy: 'add an egress rule for the agents, to: podSelector app.kubernetes.io/component=coordinator',
    },
  ];
}

function closedToApiServer(place: Place, coordinators: readonly KubeAnswer[]): readonly Closed[] {
  const shut = coordinators.filter(from =>
    API_SERVER_PORTS.every(port => !isOpen(place, 'egress', from, { port, protocol: 'TCP' }, 'an address')),
  );
  if (shut.length === 0) return [];
  return [
    {
      says: 'the coordinator may not reach the API server',
      by: isolating(place, 'egress', shut),
      remedy:
        'add an egress rule for the coordinator, to the addresses of the API server (kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes)',
    },
  ];
}

function closedToNames(place: Place, agents: readonly KubeAnswer[]): readonly Closed[] {
  const shut = agents.filter(from => !isOpen(place, 'egress', from, { port: 53, protocol: 'UDP' }, 'elsewhere'));
  if (shut.length === 0) return [];
  return [
    {
      says: `${countNoun(shut.length, 'agent')} (${nodesOf(shut)}) may not ask the cluster's DNS for the coordinator`,
      by: isolating(place, 'egress', shut),
      remedy: 'add an egress rule for the agents, to port 53, UDP and TCP, of the namespace kube-system',
    },
  ];
}

function nodesOf(agents: readonly KubeAnswer[]): string {
  return someOf(agents.map(({ spec }) => String(spec?.nodeName)).sort());
}

function isOnHost({ spec }: KubeAnswer): boolean {
  return spec?.hostNetwork === true;
}

interface Port {
  readonly name?: string;
  readonly containerPort?: number;
}

function portsOf(pod: KubeAnswer | undefined): readonly Port[] {
  const containers = (pod?.spec?.containers as readonly { ports?: readonly Port[] }[] | undefined) ?? [];
  return containers.flatMap(({ ports = [] }) => ports);
}

function portOf(coordinator: KubeAnswer | undefined): number {
  return portsOf(coordinator).find(({ name }) => name === 'agents')?.containerPort ?? USUAL_AGENTS_PORT;
}

type Direction = 'ingress' | 'egress';

interface Policy {
  readonly name: string;
  readonly selector: LabelSelector;
  readonly types: readonly string[];
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}

/** The other side of a rule's connections, and the ports of the side that is called. Absent or empty: all. */
interface Rule {
  readonly peers: readonly Peer[];
  readonly ports: readonly RulePort[];
}

interface Peer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr?: string; readonly except?: readonly string[] };
}

interface RulePort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface WrittenRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly RulePort[];
}

function toPolicy({ metadata, spec = {} }: KubeAnswer): Policy {
  const {
    podSelector = {},
    policyTypes,
    ingress,
    egress,
  } = spec as {
    podSelector?: LabelSelector;
    policyTypes?: readonly string[];
    ingress?: readonly WrittenRule[];
    egress?: readonly WrittenRule[];
  };
  const rules = (written: readonly WrittenRule[] = []) =>
    written.map(({ from, to, ports = [] }): Rule => ({ peers: from ?? to ?? [], ports }));
  return {
    name: metadata?.name ?? '',
    selector: podSelector,
    types: policyTypes ?? ['Ingress', ...(egress === undefined ? [] : ['Egress'])],
    ingress: rules(ingress),
    egress: rules(egress),
  };
}

function appliesTo({ selector, types }: Policy, direction: Direction, pod: KubeAnswer): boolean {
  return (
    types.includes(direction === 'ingress' ? 'Ingress' : 'Egress') &&
    !isOnHost(pod) &&
    matchesSelector(selector, labelsOf(pod))
  );
}

function isolating({ policies }: Place, direction: Direction, pods: readonly KubeAnswer[]): readonly string[] {
  return policies.filter(policy => pods.some(pod => appliesTo(policy, direction, pod))).map(({ name }) => name);
}

/** The port that is called, and whose it is: names of ports are the pod's own. */
interface Called {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly pod?: KubeAnswer;
}

/** A pod of the namespace; an address outside of the cluster's pods, which is not known; or a pod of another namespace, which is not known. */
type Other = (() => KubeAnswer) | 'an address' | 'elsewhere';

function isOpen(place: Place, direction: Direction, pod: KubeAnswer, called: Called, other: Other): boolean {
  const applying = place.policies.filter(policy => appliesTo(policy, direction, pod));
  if (applying.length === 0) return true;
  const server = direction === 'ingress' ? pod : called.pod;
  return applying
    .flatMap(policy => policy[direction])
    .some(
      ({ peers, ports }) =>
        (ports.length === 0 || ports.some(port => takesPort(port, called, server))) &&
        (peers.length === 0 || peers.some(peer => takesPeer(place, peer, other))),
    );
}

function takesPort(
  { protocol = 'TCP', port, endPort }: RulePort,
  called: Called,
  server: KubeAnswer | undefined,
): boolean {
  if (protocol !== called.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'string')
    return portsOf(server).some(({ name, containerPort }) => name === port && containerPort === called.port);
  return endPort === undefined ? port === called.port : port <= called.port && called.port <= endPort;
}

function takesPeer(
  { namespace, namespaceLabels = {} }: Place,
  { podSelector, namespaceSelector, ipBlock }: Peer,
  other: Other,
): boolean {
  if (other === 'an address') return ipBlock !== undefined;
  if (other === 'elsewhere') return ipBlock !== undefined || namespaceSelector !== undefined;
  const pod = other();
  if (ipBlock !== undefined) return isInBlock(ipBlock, pod.status?.[isOnHost(pod) ? 'hostIP' : 'podIP']);
  // Labels select no pod on the network of its node.
  if (isOnHost(pod)) return false;
  const own = { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels };
  return (
    (namespaceSelector === undefined || matchesSelector(namespaceSelector, own)) &&
    (podSelector === undefined || matchesSelector(podSelector, labelsOf(pod)))
  );
}

function isInBlock({ cidr = '', except = [] }: NonNullable<Peer['ipBlock']>, address: unknown): boolean {
  return typeof address === 'string' && contains(cidr, address) && !except.some(block => contains(block, address));
}

function contains(cidr: string, address: string): boolean {
  const [network = '', bits] = cidr.split('/');
  const list = new BlockList();
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  if (isIPv6(address) !== isIPv6(network)) return false;
  try {
    list.addSubnet(network, Number(bits), family);
  } catch {
    return false;
  }
  return list.check(address, family);
}
