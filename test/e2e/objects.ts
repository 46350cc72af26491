/** A Deployment whose pods would run `image`; no replicas: being warm before it scales up is the point. */
export function deployment(
  namespace: string,
  name: string,
  image: string,
  pod: Readonly<Record<string, unknown>> = {},
): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels: { app: name, warm: 'yes' } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image }], terminationGracePeriodSeconds: 1, ...pod },
      },
    },
  };
}

export function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function prefetch(namespaceName: string, name: string, spec: object): object {
  return {
    apiVersion: 'kube-prefetch.io/v1alpha1',
    kind: 'Prefetch',
    metadata: { namespace: namespaceName, name },
    spec,
  };
}

export function clusterPrefetch(name: string, spec: object): object {
  return { apiVersion: 'kube-prefetch.io/v1alpha1', kind: 'ClusterPrefetch', metadata: { name }, spec };
}

/** A pod put on a node past the scheduler, which is not asked here what it thinks of taints. */
export function podOn(nodeName: string, name: string, image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name },
    spec: {
      nodeName,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }],
    },
  };
}
