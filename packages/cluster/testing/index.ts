export { clusterSourceSuite, type SourceHarness } from './cluster-source-suite.ts';
export {
  aDeployment,
  aNamespace,
  aNode,
  aPrefetch,
  aServiceAccount,
  KINDS_READ,
  type PlainObject,
  READ_KINDS,
} from './kube-objects.ts';
export { aStatus, type SinkHarness, statusSinkSuite } from './status-sink-suite.ts';
export { type KubeApiHarness, type KubeApiHarnessOptions } from './kube-api-harness.ts';
export { kubeApiSuite } from './kube-api-suite.ts';
export { kubeApiWatchSuite } from './kube-api-watch-suite.ts';
export * from '../src/api/kinds.ts';
export { createFaultyProcess, type FaultyProcess } from './faulty-process.ts';
export { createTwinApi, type TwinApi } from './twin/kube-api.ts';
export { createTwinSource, type TwinSource } from './twin/source.ts';
export { createTwinStatusSink, type TwinStatusSink, type TwinStatusSinkOptions } from './twin/status-sink.ts';
export { createTokenSigner } from './twin/tokens.ts';
export { type SecretReaderHarness, secretReaderSuite } from './secret-reader-suite.ts';
export { aPullSecret, createTwinSecrets, type TwinSecrets } from './twin/secrets.ts';
