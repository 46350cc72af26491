export { clusterSourceSuite, type SourceHarness } from './cluster-source-suite.ts';
export { aDeployment, aNamespace, aNode, aPrefetch, aServiceAccount, type KubeObject } from './kube-objects.ts';
export { aStatus, type SinkHarness, statusSinkSuite } from './status-sink-suite.ts';
export { type KubeApiHarness, type KubeApiHarnessOptions } from './kube-api-harness.ts';
export { kubeApiSuite } from './kube-api-suite.ts';
export { kubeApiWatchSuite } from './kube-api-watch-suite.ts';
export * from '../src/kubernetes/kinds.ts';
export { createFaultyProcess, type FaultyProcess } from './faulty-process.ts';
