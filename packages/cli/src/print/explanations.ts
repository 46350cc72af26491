import type { CellReport, ImageView, NodeView, WaitReason } from '@kube-prefetch/protocol';
import { longName } from './resource-name.ts';
import { REMEDIES } from './failures.ts';
import { bytesText, countNoun, durationText, percent, someOf } from './quantities.ts';
import { isWarm, type ResourceEntry, whyNotWarm } from './status-table.ts';
import type { Paint } from './terminal.ts';

/** What an absent image that is not being pulled waits for; docs/failures.md says more. */
const WAITS: Readonly<Record<WaitReason, string>> = {
  Slot: 'as many pulls run on the node as may',
  Permit: 'the coordinator has not given a permit yet',
  Registry: 'its registry refused or failed a pull just now, so fewer run',
  Disk: 'it would fill the disk',
  Held: 'the node is cordoned, under pressure or being deleted',
  Suspended: 'only suspended resources ask for it',
  Retry: 'it failed, and is tried again later',
  Credentials: 'credentials that a pod would use cannot be had',
};

const INDENT = '  ';

/** An image, its state on one node, who asks, and what to do. */
export function describeCell(
  image: string,
  cell: CellReport | undefined,
  because: readonly string[],
  paint: Paint,
): string {
  return lines([`${stateText(cell, paint)}  ${image}`, ...indented([...cellNotes(cell, because), ...because])]);
}

/** One image on all nodes: those with the same state and the same sentences together, the broken ones first. */
export function groupNodes({ image, tag, nodes }: ImageView, paint: Paint): string {
  const keyOf = ({ cell, because }: ImageView['nodes'][number]) =>
    JSON.stringify([cell?.state, cell?.failure, cell?.waitingFor, cell?.pull && cell.state === 'Pulling', because]);
  const groups = [...Map.groupBy(nodes, keyOf).values()].toSorted(
    (a, b) => rank(a[0]) - rank(b[0]) || b.length - a.length,
  );
  const wanting = nodes.filter(({ because }) => isWanted(because));
  const present = wanting.filter(({ cell }) => cell?.state === 'Present').length;
  const warm = present === wanting.length && wanting.length > 0;
  const headline =
    wanting.length === 0
      ? `No node should have ${image}.`
      : `${present} of ${countNoun(wanting.length, 'node')} that should have ${image} ${present === 1 || wanting.length === 1 ? 'has' : 'have'} it.`;
  const shown = groups.slice(0, MAX_GROUPS);
  const hidden = groups.slice(MAX_GROUPS).flat().length;
  return [
    `${paint(warm ? 'good' : 'bold', headline)}\n`,
    ...(tag === undefined ? [] : [`${INDENT}Tag: ${tag}\n`]),
    ...shown.flatMap(group => [
      '\n',
      groupText(
        group.map(({ node }) => node),
        group[0],
        paint,
      ),
    ]),
    ...(hidden > 0
      ? [`\nand ${countNoun(hidden, 'node')} more; one of them: --node NAME, all of them: -o json\n`]
      : []),
  ].join('');
}

const MAX_GROUPS = 12;

function groupText(names: readonly string[], example: ImageView['nodes'][number] | undefined, paint: Paint): string {
  const { cell, because } = example ?? { cell: undefined, because: [] };
  const state = isWanted(because) ? stateText(cell, paint) : paint('dim', 'Not wanted');
  const where = names.length === 1 ? `on ${names[0]}` : `on ${countNoun(names.length, 'node')}: ${someOf(names)}`;
  const told = isWanted(because) ? cellNotes(cell, because) : [];
  return lines([`${state}  ${where}`, ...indented([...told, ...because])]);
}

function isWanted(because: readonly string[]): boolean {
  return because.some(sentence => /\): (Yes|Held), /.test(sentence));
}

const RANKS = ['Failed', 'Unknown', 'Missing', 'Waiting', 'Pulling', 'Stale', 'Present'];

function rank(node: ImageView['nodes'][number] | undefined): number {
  if (node === undefined || !isWanted(node.because)) return RANKS.length;
  return Math.max(0, RANKS.indexOf(node.cell?.state ?? 'Unknown'));
}

/** One node: its agent, its runtime, and each image of its plan, the broken ones first. */
export function describeNode(view: NodeView, paint: Paint): string {
  const { name, agent, reportAgeMs, runtime, held, images, cells } = view;
  const counts = Object.entries(cells)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const sorted = images.toSorted((a, b) => stateRank(a.cell) - stateRank(b.cell));
  return [
    lines([
      `${paint('bold', `Node ${name}`)}: ${images.length === 0 ? 'nothing is wanted there' : `${countNoun(images.length, 'image')} wanted: ${counts.join(', ')}`}`,
      ...indented([
        `Agent: ${AGENTS[agent]}${reportAgeMs === undefined ? '' : `, last report ${durationText(reportAgeMs)} ago`}`,
        `Runtime: ${[runtime?.name, runtime?.version].filter(Boolean).join(' ') || 'not known'}`,
        ...(runtime?.failure
          ? [
              `${paint('bad', runtime.failure.kind)}: ${runtime.failure.message}`,
              `What to do: ${REMEDIES[runtime.failure.kind]}.`,
            ]
          : []),
        ...(held === undefined ? [] : [`Held: the node is ${held}: what it has stays, nothing starts`]),
      ]),
    ]),
    ...sorted.flatMap(({ image, cell, because }) => ['\n', describeCell(image, cell, because, paint)]),
  ].join('');
}

const AGENTS: Readonly<Record<NodeView['agent'], string>> = {
  Reporting: 'reports',
  Silent: 'silent: what the node holds is not known. Look at its pod, and at the node',
  None: 'none has reported: look at the pods of the agents on this node',
  NotApplicable: "none: the agents' DaemonSet leaves this node out",
};

function stateRank(cell: CellReport | undefined): number {
  return Math.max(0, RANKS.indexOf(cell?.state ?? 'Unknown'));
}

const HINT = /; to see why: kubectl prefetch explain \S+( -n \S+)?$/;

/** A condition's message without the command that says more, for those that do. */
export function withoutHint(message: string): string {
  return message.replace(HINT, '');
}

export function explainResource(entry: ResourceEntry, paint: Paint): string {
  const { resource, status } = entry;
  const { images, nodes, cells, present } = status.summary;
  const headline = `${longName(resource)} wants ${countNoun(images, 'image')} on ${countNoun(nodes, 'node')}; ${present} of ${cells} are there.`;
  const conditions = status.conditions.map(
    ({ type, status: holds, reason, message }) =>
      `${type}: ${paint(holds === 'True' ? 'good' : holds === 'False' ? 'bad' : 'busy', holds)}, ${reason}: ${withoutHint(message)}`,
  );
  const skew = status.skew.map(
    ({ image, digests }) =>
      `${image} is not the same everywhere: ${digests.map(({ digest, nodes: holders }) => `${digest} on ${holders}`).join(', ')}`,
  );
  const failures = status.failures.length > 0 ? ['\n', whyNotWarm([entry], paint)] : [];
  const next = isWarm(status)
    ? []
    : ['\nOn one node: --node NAME. One of its images everywhere: kubectl prefetch explain IMAGE\n'];
  return [
    lines([paint(isWarm(status) ? 'good' : 'bold', headline), ...indented([...conditions, ...skew])]),
    ...failures,
    ...next,
  ].join('');
}

function stateText(cell: CellReport | undefined, paint: Paint): string {
  const state = cell?.state ?? 'Unknown';
  if (state === 'Present') return paint('good', state);
  return paint(state === 'Failed' ? 'bad' : 'busy', state);
}

/** What a cell says of itself, a line each. The coordinator may know better what it waits for. */
function cellNotes(cell: CellReport | undefined, because: readonly string[]): readonly string[] {
  const explained = because.some(sentence => sentence.startsWith('waits '));
  if (cell === undefined) return ['no agent has told what this node holds'];
  const { state, waitingFor, waitingBecause, failure, failingSince, attempts = 0, nextTry, pull, sizeBytes } = cell;
  return [
    ...(state === 'Pulling' && pull ? [describePull(cell)] : []),
    ...(state === 'Present' && sizeBytes !== undefined
      ? [
          `${bytesText(sizeBytes)}${pull === undefined ? '' : `, pulled in ${durationText(pull.elapsedMs)}`}${
            pull?.credential === undefined ? '' : ` with ${pull.credential}`
          }`,
        ]
      : []),
    ...(waitingFor === undefined || explained ? [] : [`waits: ${waitingBecause ?? WAITS[waitingFor]}`]),
    ...(failure === undefined
      ? []
      : [
          `${failure.kind}${failingSince === undefined ? '' : ` since ${failingSince}`}: ${failure.message}`,
          `What to do: ${REMEDIES[failure.kind]}.${
            nextTry === undefined ? '' : ` Tried ${attempts === 1 ? 'once' : `${attempts} times`}, again at ${nextTry}.`
          }`,
        ]),
  ];
}

function describePull({ pull }: CellReport): string {
  const { elapsedMs = 0, doneBytes, totalBytes, phase } = pull ?? {};
  const rate = doneBytes !== undefined && elapsedMs > 0 ? (doneBytes * 1_000) / elapsedMs : 0;
  const share =
    doneBytes === undefined || totalBytes === undefined
      ? ''
      : `, ${bytesText(doneBytes)} of ${bytesText(totalBytes)} (${percent(doneBytes, totalBytes)}%)`;
  const left =
    rate > 0 && totalBytes !== undefined && doneBytes !== undefined && doneBytes < totalBytes
      ? `, ${bytesText(rate)}/s, ${durationText(((totalBytes - doneBytes) * 1_000) / rate)} left`
      : '';
  return `${phase?.toLowerCase() ?? 'pulling'} for ${durationText(elapsedMs)}${share}${left}`;
}

function indented(texts: readonly string[]): readonly string[] {
  return texts.map(text => `${INDENT}${text}`);
}

function lines(texts: readonly string[]): string {
  return texts.map(text => `${text}\n`).join('');
}
