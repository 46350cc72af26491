import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** A connection on which nothing more comes is given up by us. */
export const QUIET_MS = 500;

/** The status of the first answer; `closed` without one; `quiet` where the program goes on waiting for the rest. */
export function sendBytes(socket: Socket, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setTimeout(QUIET_MS, () => end('quiet'));
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => void socket.write(request));
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
      if (status !== undefined && status !== '100') end(status);
      else if (text.length > 100 && status === undefined) end(`no HTTP: ${text.slice(0, 100)}`);
    });
    socket.once('error', error => {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
        reject(error); // the program is gone
      else end('closed');
    });
    socket.once('close', () => end('closed'));
    function end(status: string) {
      socket.destroy();
      resolve(status);
    }
  });
}
