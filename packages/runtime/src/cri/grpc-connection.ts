import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import net from 'node:net';

/** Nobody resolves it: the connection goes to a socket. */
const AUTHORITY = 'http://localhost';

/** An HTTP/2 connection to a socket. The first request makes it, and the next one after it broke. */
export interface Connection {
  /** A connection that cannot be made shows as an error of the stream. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream;
}

interface Counted {
  readonly session: ClientHttp2Session;
  /** Streams. */
  open: number;
}

/** `connecting` is called for each connection that is made. Only an open stream keeps the process from ending. */
export function createConnection(
  socket: string,
  settings: ClientSessionOptions['settings'],
  connecting: () => void,
): Connection {
  let current: Counted | undefined;

  const make = (): Counted => {
    connecting();
    const session = connect(AUTHORITY, { createConnection: () => net.connect(socket), settings });
    session.on('error', () => {}); // each stream on it is told
    session.on('goaway', () => session.close());
    return { session, open: 0 };
  };

  return {
    request(headers) {
      if (current === undefined || current.session.closed || current.session.destroyed) current = make();
      const counted = current;
      const { session } = counted;
      const stream = session.request(headers);
      counted.open += 1;
      session.ref();
      stream.once('close', () => {
        counted.open -= 1;
        if (counted.open === 0) session.unref();
      });
      return stream;
    },
  };
}
