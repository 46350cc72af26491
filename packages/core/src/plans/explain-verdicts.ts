import { type ImageRef, MAX_IMAGES_PER_NODE, resourceName } from '@kube-prefetch/protocol';
import type { Ask } from '../asks/ask.ts';
import { PREFETCH_ANNOTATION } from '../workloads/workload-annotations.ts';
import { secretName } from '../asks/pull-secrets.ts';
import { describeAccount } from '../credentials/offer-credentials.ts';
import type { Placement, Verdict } from '../placement/placement.ts';
import { matchNode } from '../placement/match-node.ts';
import type { Node } from '../state/cluster-state.ts';
import { mergeAsks } from './merge-asks.ts';

/** Who asks for what on one node, in pull order. */
export function explainNode(
  asks: readonly Ask[],
  node: Node,
  startupTaints: readonly string[] = [],
  agents?: Placement,
): readonly { image: ImageRef; because: readonly string[] }[] {
  const judged = asks.map(ask => ({ ask, verdict: matchNode(ask.placement, node, startupTaints) }));
  const wanted = judged.filter(({ verdict }) => verdict.verdict !== 'No');
  const byImage = Map.groupBy(wanted, ({ ask }) => ask.image);
  const { items, leftOut } = mergeAsks(wanted.map(({ ask }) => ask));
  const agent = describeNoAgent(node, startupTaints, agents);
  const sentences = (image: ImageRef) => [
    ...agent,
    ...(byImage.get(image) ?? []).map(({ ask, verdict }) => because(ask, verdict)),
  ];
  return [
    ...items.map(({ image }) => ({ image, because: sentences(image) })),
    ...leftOut.map(({ image }) => ({ image, because: [NO_ROOM, ...sentences(image)] })),
  ];
}

const BEYOND_BYTES = "its namespace's images take as many bytes of the node as they may: starts no pull";
const UNCLEAR = `its annotation ${PREFETCH_ANNOTATION} is neither "true" nor "false": starts no pull`;
const NO_ROOM = `left out of the plan, which names at most ${MAX_IMAGES_PER_NODE} images: raise its priority, or ask for fewer`;

/** Why each node should or should not hold the image: the verdict of everyone who asks for it, also where it is No. */
export function explainImage(
  asks: readonly Ask[],
  image: ImageRef,
  nodes: readonly Node[],
  startupTaints: readonly string[] = [],
  agents?: Placement,
): readonly { node: string; because: readonly string[] }[] {
  const asking = asks.filter(ask => ask.image === image);
  return nodes.map(node => ({
    node: node.name,
    because: [
      ...describeNoAgent(node, startupTaints, agents),
      ...asking.map(ask => because(ask, matchNode(ask.placement, node, startupTaints))),
    ],
  }));
}

function describeNoAgent(
  node: Node,
  startupTaints: readonly string[],
  agents: Placement | undefined,
): readonly string[] {
  const reached = agents && matchNode(agents, node, startupTaints);
  return reached?.verdict === 'No' ? [`the node gets no agent, so nothing is pulled: ${reached.sentence}`] : [];
}

/** One sentence per ask: who wants the image, the verdict, and what is special about it. */
function because(ask: Ask, { verdict, sentence }: Verdict): string {
  const { resource, sources, start, beyondBytes, pullsAlways, pullSecrets, rewritten = [], unclear } = ask;
  const notes = [
    ...(rewritten.length > 0 ? [`rewritten from ${shortened(rewritten)}`] : []),
    ...(beyondBytes ? [BEYOND_BYTES] : start ? [] : [unclear ? UNCLEAR : 'suspended: starts no pull']),
    ...(pullsAlways ? ['its pods pull with Always and need the registry even where the image is warm'] : []),
    ...describeSecrets(pullSecrets),
  ];
  const who = `${resourceName(resource)} (${shortened(sources)})`;
  return [`${who}: ${verdict}, ${sentence}`, ...notes].join('; ');
}

/** Names alone. */
function describeSecrets({ keyrings, account }: Ask['pullSecrets']): readonly string[] {
  const names = [...new Set(keyrings.flat().map(secretName))];
  return [
    ...(names.length > 0 ? [`pulls with the secrets ${shortened(names)}`] : []),
    ...(account === undefined ? [] : [describeAccount(account).sentence]),
  ];
}

const MAX_SOURCES = 3;

function shortened(sources: readonly string[]): string {
  const more = sources.length > MAX_SOURCES ? [`and ${sources.length - MAX_SOURCES} more`] : [];
  return [...sources.slice(0, MAX_SOURCES), ...more].join(', ');
}
