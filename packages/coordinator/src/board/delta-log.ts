import type { BoardDelta } from '@kube-prefetch/protocol/board';

/** What a page may have missed and still catch up with. */
const MAX_KEPT = 1_000;
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** One delta, written out once for everybody. */
export interface LoggedDelta {
  readonly cursor: string;
  readonly text: string;
}

/** The last deltas of one board, and who wants the next ones. A cursor names a moment: `board.number`. */
export interface DeltaLog {
  cursor(): string;
  append(delta: BoardDelta): void;
  /** Undefined: the cursor is of another board, or of a moment too long ago. */
  after(cursor: string): readonly LoggedDelta[] | undefined;
  follow(follower: Follower): () => void;
  /** The board ends; followers are told. */
  end(): void;
}

export interface Follower {
  delta(delta: LoggedDelta): void;
  end(): void;
}

/** `board`: a text that no other board has. */
export function createDeltaLog(board: string): DeltaLog {
  const kept: LoggedDelta[] = [];
  const followers = new Set<Follower>();
  let last = 0;
  let bytes = 0;
  const cursorOf = (number: number) => `${board}.${number}`;

  return {
    cursor: () => cursorOf(last),
    append(delta) {
      last += 1;
      const logged = { cursor: cursorOf(last), text: JSON.stringify(delta) };
      kept.push(logged);
      bytes += logged.text.length;
      while (kept.length > MAX_KEPT || bytes > MAX_KEPT_BYTES) bytes -= kept.shift()?.text.length ?? 0;
      for (const follower of followers) follower.delta(logged);
    },
    after(cursor) {
      const [, of, number] = /^(.*)\.(\d{1,15})$/.exec(cursor) ?? [];
      const missed = last - Number(number);
      return of === board && missed >= 0 && missed <= kept.length ? kept.slice(kept.length - missed) : undefined;
    },
    follow(follower) {
      followers.add(follower);
      return () => followers.delete(follower);
    },
    end() {
      for (const follower of followers) follower.end();
      followers.clear();
    },
  };
}
