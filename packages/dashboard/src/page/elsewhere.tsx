import type { Problem } from '@kube-prefetch/protocol';

/** This replica does not lead, so it knows of no node. Only who has the right to forward ports reaches the one that does. */
export function Elsewhere({ problem }: { readonly problem: Problem }) {
  return (
    <section class="elsewhere">
      <h2>Another replica leads</h2>
      <p>{problem.message}</p>
      <p>This page goes on by itself as soon as this replica leads.</p>
    </section>
  );
}
