import { request } from 'node:http';

/** Sends one request to an engine, past our adapter; answers the status once the whole answer has come. */
export function askEngine(socketPath: string, method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path }, response => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    asking.once('error', reject).end();
  });
}
