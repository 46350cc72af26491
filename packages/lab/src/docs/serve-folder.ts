import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import { extname, join, posix } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

/** Serves a folder of static pages on loopback; `/a` is also `/a.html`. */
export async function serveFolder(folder: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const path = posix.normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://loopback').pathname));
    void answerOf(folder, path).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function answerOf(folder: string, path: string) {
  for (const name of path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`, `${path}/index.html`]) {
    const body = await readFile(join(folder, name)).catch(() => undefined);
    if (body !== undefined) return { status: 200, type: TYPES[extname(name)] ?? 'application/octet-stream', body };
  }
  const body = await readFile(join(folder, '404.html')).catch(() => 'not found');
  return { status: 404, type: 'text/html; charset=utf-8', body };
}
