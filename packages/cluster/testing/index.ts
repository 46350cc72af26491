export { clusterSourceSuite, type SourceHarness } from './cluster-source-suite.ts';
export { aDeployment, aNamespace, aNode, aPrefetch, aServiceAccount, type KubeObject } from './kube-objects.ts';
export { aStatus, type SinkHarness, statusSinkSuite } from './status-sink-suite.ts';
