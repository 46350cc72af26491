/** A Deployment of servers that say where they run, at most one to a node, and a Service before them. */
export function webServers(name: string, image: string, replicas: number): readonly object[] {
  const labels = { app: name };
  const nodeName = { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } };
  const container = { name: 'web', image, args: ['serve', 'hello from'], env: [nodeName] };
  const apart = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { affinity, containers: [container], terminationGracePeriodSeconds: 1 },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

/** A pod that waits, with nothing but its name and image said. */
export function waitingPod(name: string, image: string, spec: object = {}): object {
  const containers = [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers, terminationGracePeriodSeconds: 1, ...spec },
  };
}
