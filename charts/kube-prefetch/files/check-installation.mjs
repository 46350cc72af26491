// What `helm test` runs, with the coordinator's image: every replica is ready and proves that it is the coordinator, one of
// them leads, and agents report to it.
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const { SERVICE: service, AGENTS_PORT: agentsPort, OPS_PORT: opsPort, CA_FILE, WITHIN_SECONDS } = process.env;
const ca = readFileSync(CA_FILE);
const REPORTING = /^kube_prefetch_coordinator_nodes\{agent="reporting"\} [1-9]/m;

const endMs = Date.now() + Number(WITHIN_SECONDS) * 1000;
for (let problem = await check(); problem !== undefined; problem = await check()) {
  if (Date.now() > endMs) {
    console.error(problem);
    process.exit(1);
  }
  await sleep(1_000);
}
console.log('every replica is ready, one leads, and agents report to it');

/** What does not hold, if anything. */
async function check() {
  try {
    const leaders = [];
    for (const { address, family } of await lookup(service, { all: true })) {
      const host = family === 6 ? `[${address}]` : address;
      const { status: readiness, body } = await ask(getHttp, `http://${host}:${opsPort}/readyz`);
      if (readiness !== 200) return `${address} is not ready: ${body}`;
      // Who leads asks for a token; the others say who leads.
      const { status } = await ask(getHttps, `https://${host}:${agentsPort}/v1/nodes/any/plan`, {
        ca,
        servername: service,
      });
      if (status === 401) leaders.push(host);
      else if (status !== 421) return `${address} answers ${status} to an agent without a token`;
    }
    if (leaders.length !== 1) return `${leaders.length} replicas lead, not one`;
    const { body } = await ask(getHttp, `http://${leaders[0]}:${opsPort}/metrics`);
    return REPORTING.test(body) ? undefined : 'no agent reports';
  } catch (error) {
    return String(error);
  }
}

function ask(get, url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = get(url, { ...options, agent: false, timeout: 5_000 }, async response => {
      const parts = await response.toArray().catch(reject);
      resolve({ status: response.statusCode, body: Buffer.concat(parts ?? []).toString() });
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`${url} gives no answer`)));
  });
}
