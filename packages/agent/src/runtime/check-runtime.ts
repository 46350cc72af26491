import type { Plan } from '@kube-prefetch/protocol';
import type { RuntimeVersion } from '@kube-prefetch/runtime';

export class RuntimeMismatch extends Error {
  override readonly name = 'RuntimeMismatch';
  readonly runtime: RuntimeVersion;

  constructor(message: string, runtime: RuntimeVersion) {
    super(message);
    this.runtime = runtime;
  }
}

/** Throws RuntimeMismatch when the runtime on the socket is not the kubelet's. */
export function checkRuntime(plan: Plan | undefined, runtime: RuntimeVersion): void {
  const expected = plan?.runtimeVersion;
  if (expected === undefined) return;
  const [name, version = ''] = expected.split('://');
  if (name === runtime.name && shorten(version) === shorten(runtime.version)) return;
  throw new RuntimeMismatch(
    `the kubelet uses ${expected}, but ${runtime.name}://${runtime.version} answers on the socket: give the agent the kubelet's runtime socket`,
    runtime,
  );
}

/** As the kubelet shortens the version that it reports: `1.6.20~ds1` and `v1.6.20` are `1.6.20`. */
function shorten(version: string): string {
  return /^\s*v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? version;
}
