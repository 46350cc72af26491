import { request } from 'node:http';

/** The few calls of the Engine API that an administrator would make with `docker`. */
export interface Engine {
  ping(): Promise<boolean>;
  has(image: string): Promise<boolean>;
  remove(image: string): Promise<void>;
  /** Every image of a registry. */
  removeAllOf(registry: string): Promise<void>;
  /** Starts a container without network, waits for its end, and answers what it printed. */
  run(image: string): Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export function createEngine(socketPath: string): Engine {
  function call(method: string, path: string, body?: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const asked = request({ socketPath, method, path, headers }, answer => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function expectOk(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await call(method, path, body);
    if (answer.status >= 400) throw new Error(`docker: ${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.body;
  }

  const engine: Engine = {
    ping: async () => (await call('GET', '/_ping')).status === 200,
    has: async image => (await call('GET', `/images/${image}/json`)).status === 200,
    remove: async image => void (await expectOk('DELETE', `/images/${image}?force=true`)),
    async removeAllOf(registry) {
      const images = JSON.parse(await expectOk('GET', '/images/json')) as { RepoTags: string[] | null }[];
      const own = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter(tag => tag.startsWith(`${registry}/`));
      for (const tag of own) await engine.remove(tag);
    },
    async run(image) {
      const spec = { Image: image, Tty: true, HostConfig: { NetworkMode: 'none' } };
      const { Id: id } = JSON.parse(await expectOk('POST', '/containers/create', spec)) as { Id: string };
      try {
        await expectOk('POST', `/containers/${id}/start`);
        await expectOk('POST', `/containers/${id}/wait`);
        return (await expectOk('GET', `/containers/${id}/logs?stdout=true&stderr=true`)).trim();
      } finally {
        await expectOk('DELETE', `/containers/${id}?force=true`);
      }
    },
  };
  return engine;
}
