// A process of simulated agents: `main.ts FIRST NODES NODES_IN_ALL IMAGES PORT`.
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { shapeFleet } from '../fleet-shape.ts';
import { answerQuestions, machineMs } from '../worker.ts';
import { connect, type Traffic } from './connect.ts';
import { type AgentsWorld, simulateAgent } from './simulated-agent.ts';
import { tokenSigner } from './sign-token.ts';

const [first = 0, count = 0, all = 0, images = 0, port = 0] = process.argv.slice(2, 7).map(Number);
const nodes = shapeFleet(all, images).nodes.slice(first, first + count);
const signed = tokenSigner(process.env.SIGNING_KEY ?? '');
const tokens = nodes.map((node, i) => signed(node.name, uidOf(first + i)));
const traffic: Traffic = { handshakes: 0, resumed: 0, requests: 0, failures: 0 };

const plans = new Map<string, readonly string[]>();
const MOST_PLANS = 1_000;
let expected: { readonly image: string; readonly arrivedMs: number[] } = { image: '', arrivedMs: [] };
let heldUntilMs = 0;

const world: AgentsWorld = {
  received(revision, body) {
    const atMs = machineMs();
    let images = plans.get(revision);
    if (images === undefined) {
      const plan = JSON.parse(gunzipSync(body).toString()) as { items: { image: string }[] };
      images = plan.items.map(({ image }) => image);
      if (plans.size >= MOST_PLANS) plans.clear();
      plans.set(revision, images);
    }
    if (images.includes(expected.image)) expected.arrivedMs.push(atMs);
    return images;
  },
  holdUntilMs: () => heldUntilMs,
};

answerQuestions({
  ready: () => true,
  /** Starts the agents, spread over some time. */
  start({ authority, spreadMs }: { authority: string; spreadMs: number }) {
    const secureContext = createSecureContext({ ca: authority, minVersion: 'TLSv1.3' });
    for (const [i, { name }] of nodes.entries()) {
      const localAddress = addressOf(first + i);
      const send = connect({ port, localAddress, secureContext, token: tokens[i] as string, traffic });
      void sleep(Math.random() * spreadMs).then(() => simulateAgent({ node: name, send, world }));
    }
  },
  /** From now on notes when agents receive a plan with this image; they do nothing about any plan for `holdMs`. */
  expect({ image, holdMs }: { image: string; holdMs: number }) {
    expected = { image, arrivedMs: [] };
    heldUntilMs = performance.now() + holdMs;
  },
  arrivals: () => expected.arrivedMs,
  traffic: () => traffic,
});
process.once('disconnect', () => process.exit());

/** Any address of 127.0.0.0/8 is this machine. */
function addressOf(index: number): string {
  return `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

function uidOf(index: number): string {
  return `00000000-0000-4000-9000-${String(index).padStart(12, '0')}`;
}
