import { type Node, PRESSURES } from '@kube-prefetch/core';
import { nodeResources } from './extended-resources.ts';
import { below, type Field, flag, isAbsent, items, labels, optionalText, text } from './read-fields.ts';

export interface NodeDefaults {
  /** Whether a node without a Ready condition is ready. Nobody sets the condition of a node in a manifest file. */
  readonly readyUnlessSaid: boolean;
}

/** Throws MalformedField. */
export function toNode(object: Field, { readyUnlessSaid }: NodeDefaults): Node {
  const metadata = below(object, 'metadata');
  const runtimeVersion = optionalText(below(object, 'status', 'nodeInfo', 'containerRuntimeVersion'));
  const ready = condition(object, 'Ready');
  return {
    name: text(below(metadata, 'name')),
    labels: labels(below(metadata, 'labels')),
    taints: items(below(object, 'spec', 'taints')).map(taint => ({
      key: text(below(taint, 'key')),
      value: optionalText(below(taint, 'value')) ?? '',
      effect: text(below(taint, 'effect')),
    })),
    unschedulable: flag(below(object, 'spec', 'unschedulable')),
    deleting: !isAbsent(below(metadata, 'deletionTimestamp')),
    ready: ready === undefined ? readyUnlessSaid : ready === 'True',
    pressures: PRESSURES.filter(pressure => condition(object, pressure) === 'True'),
    ...(runtimeVersion === undefined ? {} : { runtimeVersion }),
    extendedResources: nodeResources(below(object, 'status')),
  };
}

function condition(object: Field, type: string): string | undefined {
  const found = items(below(object, 'status', 'conditions')).find(field => optionalText(below(field, 'type')) === type);
  return found && optionalText(below(found, 'status'));
}
