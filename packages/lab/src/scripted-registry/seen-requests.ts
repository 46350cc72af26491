import type { ServerResponse } from 'node:http';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** What the answer ended as: sent whole, or the connection went first. */
  readonly ended: Promise<'answered' | 'closed'>;
}

export interface SeenRequests {
  note(method: string, path: string, response: ServerResponse): void;
  /** Of one repository, or all. */
  of(repository?: string): readonly SeenRequest[];
  /** The first one, past or to come, that fits. */
  next(fits: (request: SeenRequest) => boolean): Promise<SeenRequest>;
}

const MAX_REMEMBERED = 100_000;

export function rememberRequests(): SeenRequests {
  const seen: SeenRequest[] = [];
  const waiting = new Set<{ fits(request: SeenRequest): boolean; found(request: SeenRequest): void }>();
  return {
    note(method, path, response) {
      if (seen.length >= MAX_REMEMBERED) seen.shift();
      const ended = new Promise<'answered' | 'closed'>(resolve =>
        response.once('close', () => resolve(response.writableFinished ? 'answered' : 'closed')),
      );
      const request = { method, path, ended };
      seen.push(request);
      for (const waiter of waiting) {
        if (!waiter.fits(request)) continue;
        waiting.delete(waiter);
        waiter.found(request);
      }
    },
    of: repository => seen.filter(({ path }) => repository === undefined || path.startsWith(`/v2/${repository}/`)),
    next(fits) {
      const past = seen.find(fits);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise(found => waiting.add({ fits, found }));
    },
  };
}
