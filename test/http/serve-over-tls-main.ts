import { agentsApp, listen, opsApp } from '@kube-prefetch/coordinator';
import { createMemoryHarness } from '@kube-prefetch/coordinator/testing';
import { silentLog as log } from '@kube-prefetch/process';
import { systemClock as clock } from '@kube-prefetch/time';
import { anAuthority, serverCertificate } from './certificates-and-tokens.ts';

/** The listeners of a coordinator in a process of their own, TLS for agents as in a cluster. Prints the ports. */
const { coordinator } = createMemoryHarness();
const parts = { clock, log, metrics: coordinator.metrics };
const certificate = await serverCertificate(await anAuthority());
const at = { host: '127.0.0.1', port: 0 };
const agents = await listen(agentsApp(coordinator, { ...parts, certificate }), { listener: 'agents', at, clock, log });
const ops = await listen(opsApp(coordinator, parts), { listener: 'ops', at, clock, log });
console.log([agents, ops].map(({ address }) => new URL(address).port).join(' '));
