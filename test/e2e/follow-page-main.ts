import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/**
 * Does what a browser does with the page that `kubectl prefetch ui` opens: node follow-page-main.ts ADMIN MANIFEST NAME. ADMIN is the
 * kubeconfig of somebody who may create the manifest's object, whose status says NAME. It prints what it got, as JSON.
 */
const [admin = '', manifest = '', name = ''] = process.argv.slice(2);
const kubectl = (...args: readonly string[]) => promisify(execFile)('kubectl', ['--kubeconfig', admin, ...args]);

const ui = spawn('kubectl', ['prefetch', 'ui', '--no-open'], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  console.log(JSON.stringify(await follow(await addressOf(ui))));
} finally {
  ui.kill();
  await once(ui, 'exit');
}

async function addressOf({ stdout }: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }) {
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error('the command ended, and printed no address');
}

async function follow(address: string) {
  const page = await fetch(address);
  const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? [];
  const { cursor, nodes } = (await (await fetch(new URL('v1/cells', address))).json()) as {
    cursor: string;
    nodes: ({ name: string } | null)[];
  };
  const left = new AbortController();
  const events = await fetch(new URL(`v1/events?after=${cursor}`, address), { signal: left.signal });
  const said = saidBy(events.body as ReadableStream<Uint8Array>);
  await kubectl('create', '-f', manifest);
  await said(`"name":"${name}"`);
  await kubectl('delete', '-f', manifest);
  await said('"resourcesGone"');
  left.abort();
  return {
    page: page.status,
    policy: page.headers.get('content-security-policy'),
    script: (await fetch(new URL(script, address))).status,
    nodes: nodes.flatMap(node => (node === null ? [] : [node.name])).sort(),
    events: events.headers.get('content-type'),
  };
}

/** Resolves once the stream has said the text, and forgets what came before it. */
function saidBy(body: ReadableStream<Uint8Array>): (text: string) => Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = '';
  return async text => {
    while (!unread.includes(text)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before it said ${text}`);
      unread += value;
    }
    unread = unread.slice(unread.indexOf(text) + text.length);
  };
}
