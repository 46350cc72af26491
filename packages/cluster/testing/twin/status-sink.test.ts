import { resourceName } from '@kube-prefetch/protocol';
import { statusSinkSuite } from '../index.ts';
import { createTwinStatusSink } from './status-sink.ts';

statusSinkSuite('the twin of a sink', async () => {
  const removed = new Set<string>();
  const sink = createTwinStatusSink({ exists: resource => !removed.has(resourceName(resource)) });
  return {
    sink,
    statusOf: async resource => sink.statuses.get(resourceName(resource)),
    events: async () => sink.events,
    remove: async resource => void removed.add(resourceName(resource)),
    create: async resource => void removed.delete(resourceName(resource)),
    close: async () => {},
  };
});
