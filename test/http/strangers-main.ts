import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * A pod of its own address that does one thing as fast as it can, for so many seconds: node strangers-main.ts KIND SECONDS PORT. At the end
 * it prints how many connections it has made.
 */
const [kind = '', seconds = '', port = ''] = process.argv.slice(2);
const at = { port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.2' };
const untilMs = performance.now() + Number(seconds) * 1_000;
const AT_ONCE = 32;
/** What it holds open; older ones are left to the other side, which may cut them. */
const held = new Set<Socket>();

const KINDS: Readonly<Record<string, () => Promise<void>>> = {
  idle: async () => void (await open('')),
  slow: async () => trickle(await open('GET /metrics HTTP/1.1\r\nhost: localhost\r\nx: ')),
  'that never read': async () =>
    void (await open('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(200))).pause(),
  'that ask and go': async () => void (await open('GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n')).destroy(),
  'TLS handshakes that stop in the middle': async () =>
    void (await open(Buffer.from('160301020001000001fc0303', 'hex'))),
  'TLS handshakes': () =>
    new Promise(resolve => {
      const socket = connectTls({ ...at, rejectUnauthorized: false, servername: 'localhost' }, () => end());
      const end = () => (socket.destroy(), resolve());
      socket.once('error', end);
    }),
};

function open(first: string | Buffer): Promise<Socket> {
  return new Promise(resolve => {
    const socket = connect(at, () => {
      if (first.length > 0) socket.write(first);
      resolve(socket);
    });
    held.add(socket);
    socket.once('error', () => resolve(socket));
    socket.once('close', () => held.delete(socket));
  });
}

function trickle(socket: Socket): void {
  const timer = setInterval(() => socket.write('x'), 200);
  socket.once('close', () => clearInterval(timer));
}

let made = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (performance.now() < untilMs) {
      await KINDS[kind]?.();
      made += 1;
    }
  }),
);
console.log(made);
process.exit();
