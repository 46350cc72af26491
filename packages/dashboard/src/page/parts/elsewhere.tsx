import type { Problem } from '@kube-prefetch/protocol';

/** Where the admin listener of every replica is, unless somebody set it otherwise. */
const ADMIN_PORT = 7071;

/**
 * This replica does not lead, so it knows of no node. The leader's listener is on the loopback of its own pod: nothing can lead a browser
 * there but a port-forward of whoever has the right to one.
 */
export function Elsewhere({ problem: { message, leaderPod } }: { readonly problem: Problem }) {
  const [namespace, name] = leaderPod?.split('/') ?? [];
  const port = location.port || '80';
  const command = `kubectl port-forward --namespace ${namespace} pod/${name} ${port === String(ADMIN_PORT) ? port : `${port}:${ADMIN_PORT}`}`;
  return (
    <section class="elsewhere">
      <h2>Another replica leads</h2>
      <p>
        {name === undefined ? (
          message
        ) : (
          <>
            The pod that leads is <bdi class="name">{name}</bdi>.
          </>
        )}{' '}
        Only that one knows what is warm.
      </p>
      {name !== undefined && (
        <>
          <p>Stop the port-forward that runs, and start this one:</p>
          <div class="command">
            <code>{command}</code>
            <button type="button" onClick={() => void navigator.clipboard.writeText(command)}>
              Copy
            </button>
          </div>
        </>
      )}
      <p>This page goes on by itself, then or when this replica leads.</p>
    </section>
  );
}
