import { expect, test } from 'vitest';
import { template } from './render.ts';

/** Each with the place and the reason that helm tells. */
test.each([
  ['paralelPulls=3', /'': additional properties 'paralelPulls' not allowed/],
  ['agent.imag.tag=1', /'\/agent': additional properties 'imag' not allowed/],
  ['agent.image.name=x', /'\/agent\/image': additional properties 'name' not allowed/],
  ['coordinator.replica=1', /'\/coordinator': additional properties 'replica' not allowed/],
  ['crds.instal=true', /'\/crds': additional properties 'instal' not allowed/],
  ['metrics.podMonitor.enabled=true', /'\/metrics': additional properties 'podMonitor' not allowed/],
  ['parallelPulls=0', /'\/parallelPulls': minimum: got 0, want 1/],
  ['parallelPulls=33', /'\/parallelPulls': maximum: got 33, want 32/],
  ['parallelPulls=many', /'\/parallelPulls': got string, want integer/],
  ['parallelPulls=1.5', /'\/parallelPulls': got (number|string), want integer/],
  ['maxConcurrentPulls=0', /'\/maxConcurrentPulls': minimum: got 0, want 1/],
  ['stallTimeout=10', /'\/stallTimeout': got number, want string/],
  ['stallTimeout=soon', /'\/stallTimeout': 'soon' does not match pattern/],
  ['slowPullBytesPerSecond=-1', /'\/slowPullBytesPerSecond': minimum: got -1, want 0/],
  ['disk.maxUsedPercent=101', /'\/disk\/maxUsedPercent': maximum: got 101, want 100/],
  ['disk.maxUsedPercent=80%', /'\/disk\/maxUsedPercent': got string, want integer/],
  ['disk.hostPath=var/lib', /'\/disk\/hostPath': 'var\/lib' does not match pattern/],
  ['runtime.socket=unix:///run/crio/crio.sock', /'\/runtime\/socket': 'unix:.*' does not match pattern '.*\^\/\[/],
  ['runtime.socket=/crio.sock', /'\/runtime\/socket': '\/crio.sock' does not match pattern/],
  ['runtime.imageSocket=images.sock', /'\/runtime\/imageSocket': 'images.sock' does not match pattern/],
  ['silentAfter=60', /'\/silentAfter': got number, want string/],
  ['startupTaints={a=b:NoSchedule}', /'\/startupTaints\/0': 'a=b:NoSchedule' does not match pattern/],
  ['tenants.images={*.example/team}', /'\/tenants\/images\/0': '\*.example\/team' does not match pattern/],
  ['tenants.imagesPerNamespace=-1', /'\/tenants\/imagesPerNamespace': minimum: got -1, want 0/],
  ['startupTaints=booting', /'\/startupTaints': got string, want array/],
  ['startupTaints={*}', /'\/startupTaints\/0': '\*' does not match pattern/],
  ['imagePullPolicy=Sometimes', /'\/imagePullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'/],
  ['imagePullSecrets={regcred}', /'\/imagePullSecrets\/0': got string, want object/],
  ['imagePullSecrets[0].nam=x', /'\/imagePullSecrets\/0': missing property 'name'/],
  ['logLevel=verbose', /'\/logLevel': value must be one of 'debug', 'info', 'warn', 'error'/],
  ['coordinator.replicas=0', /'\/coordinator\/replicas': minimum: got 0, want 1/],
  ['coordinator.image.repository=Registry.Example/X', /'\/coordinator\/image\/repository': .* does not match pattern/],
  ['coordinator.image.tag=15', /'\/coordinator\/image\/tag': got number, want string/],
  ['agent.image.tag=sha256:0', /'\/agent\/image\/tag': 'sha256:0' does not match pattern/],
  ['agent.updateStrategy.maxUnavailable=0', /'\/agent\/updateStrategy\/maxUnavailable': minimum: got 0, want 1/],
  ['agent.updateStrategy.maxUnavailable=200%', /maxUnavailable': '200%' does not match pattern/],
  ['agent.resources.limits.memory=lots', /'\/agent\/resources\/limits\/memory': 'lots' does not match pattern/],
  ['agent.resources.memory=1Gi', /'\/agent\/resources': additional properties 'memory' not allowed/],
  ['agent.tolerations[0].effect=Never', /'\/agent\/tolerations\/0\/effect': value must be one of 'NoSchedule'/],
  ['agent.podAnnotations.n=1', /'\/agent\/podAnnotations\/n': got number, want string/],
  ['seLinuxOptions.typ=spc_t', /'\/seLinuxOptions': additional properties 'typ' not allowed/],
  ['mountPropagation=Bidirectional', /'\/mountPropagation': value must be one of 'None', 'HostToContainer'/],
  ['coordinator.runAsUser=0', /'\/coordinator\/runAsUser': minimum: got 0, want 1/],
  ['coordinator.runAsUser=nobody', /'\/coordinator\/runAsUser': got string, want null or integer/],
  ['agent.port=80', /'\/agent\/port': minimum: got 80, want 1,024/],
  ['hostNetwork=yes', /'\/hostNetwork': got string, want boolean/],
  ['networkPolicy.enabled=on', /'\/networkPolicy\/enabled': got string, want boolean/],
  ['metrics.podMonitors.interval=30', /'\/metrics\/podMonitors\/interval': got number, want string/],
  ['metrics.podMonitors.interval=often', /'\/metrics\/podMonitors\/interval': 'often' does not match pattern/],
  ['fullnameOverride=Warm', /'\/fullnameOverride': 'Warm' does not match pattern/],
])('--set %s is refused', async (setting, reason) => {
  await expect(template('default', `--set=${setting}`)).rejects.toThrow(reason);
});

test('as a part of another chart it may be given global values', async () => {
  await expect(template('default', '--set=global.team=platform')).resolves.toContain('kind: DaemonSet');
});
