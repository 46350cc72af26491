export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the answer's body. */
  readonly bytes: number;
  /** As it calls itself, `containerd/1.6.20`. */
  readonly by: string;
}

const LINE =
  /^\S+ - .* \[[^\]]*\] "(?<method>\S+) (?<path>\/v2\/\S*) [^"]*" (?<status>\d+) (?<bytes>\d+) "[^"]*" "(?<by>[^"]*)"/gm;

/** The lines of the combined log format that are requests below /v2/, between whatever else the program logs. */
export function parseAccessLog(text: string): readonly RegistryRequest[] {
  return [...text.matchAll(LINE)].map(({ groups = {} }) => ({
    method: groups.method ?? '',
    path: groups.path ?? '',
    status: Number(groups.status),
    bytes: Number(groups.bytes),
    by: groups.by ?? '',
  }));
}
