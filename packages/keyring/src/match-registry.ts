import { compilePattern, type ImageRef, repositoryOf, tryParseReference } from '@kube-prefetch/protocol';
import { parseRegistryUrl } from './registry-url.ts';

/** A registry, or a pattern of some, in the parts that are compared. */
export interface RegistryGlob {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** Whether a credential provider is for an image: `matchImages` of its configuration. */
export function matchesImage(pattern: string, image: ImageRef): boolean {
  const reference = tryParseReference(image);
  const target = reference && parseRegistry(repositoryOf(reference));
  return target !== undefined && matchesRegistry(parseRegistry(pattern), target);
}

export function parseRegistry(text: string): RegistryGlob | undefined {
  const url = parseRegistryUrl(text);
  if (url === undefined) return undefined;
  const [host, port] = splitPort(url.host);
  return { labels: host.split('.'), port, path: url.path };
}

/**
 * The kubelet's URLsMatch: as many labels in the host, and each fits its glob; the same port as text; the path begins with
 * the pattern's, be that in the middle of a word.
 */
export function matchesRegistry(glob: RegistryGlob | undefined, { labels, port, path }: RegistryGlob): boolean {
  return (
    glob !== undefined &&
    glob.port === port &&
    glob.labels.length === labels.length &&
    path.startsWith(glob.path) &&
    glob.labels.every((label, index) => matchesLabel(label, labels[index] ?? ''))
  );
}

/** As net.SplitHostPort; where that fails, all of it is the host, so `[fd00::1]` without a port keeps its brackets. */
function splitPort(host: string): [host: string, port: string] {
  const colon = host.lastIndexOf(':');
  const end = host.startsWith('[') ? host.indexOf(']') : -1;
  const name = end < 0 ? host.slice(0, colon) : host.slice(1, end);
  const port = host.slice(colon + 1);
  const split = colon >= 0 && (end < 0 || end + 1 === colon) && !name.includes('[') && !`${name}${port}`.includes(']');
  return split ? [name, port] : [host, ''];
}

/**
 * filepath.Match, of which a host can hold `*` and, because of the brackets of IPv6, `[a-z]`. Its `?` begins a query in a
 * URL, and no host has its `\` or `^`.
 */
function matchesLabel(glob: string, label: string): boolean {
  // Nearly every key. A thousand with a star are compared in a millisecond, whatever stands behind it.
  if (!glob.includes('[')) return compilePattern(glob)(label);
  const pieces = compile(glob);
  if (pieces === undefined) return false;
  let [piece, char, star, retry] = [0, 0, -1, 0];
  while (char < label.length) {
    const wanted = pieces[piece];
    if (wanted === '*') [star, retry, piece] = [piece, char, piece + 1];
    else if (wanted?.(label[char] ?? '')) [piece, char] = [piece + 1, char + 1];
    else if (star < 0) return false;
    // The last star takes one more: earlier ones need not be asked again.
    else [retry, piece, char] = [retry + 1, star + 1, retry + 1];
  }
  return pieces.slice(piece).every(rest => rest === '*');
}

type Piece = '*' | ((char: string) => boolean);

/** Undefined for a malformed one. */
function compile(glob: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at] ?? '';
    if (char === '*') pieces.push('*');
    else if (char !== '[') pieces.push(one => one === char);
    else {
      const end = glob.indexOf(']', at + 1);
      const piece = end < 0 ? undefined : charClass(glob.slice(at + 1, end));
      if (piece === undefined) return undefined;
      pieces.push(piece);
      at = end;
    }
  }
  return pieces;
}

/** Characters and ranges of them. */
function charClass(text: string): Piece | undefined {
  const ranges = [...text.matchAll(/([^-])(?:-([^-]))?/gs)];
  const read = ranges.reduce((length, [all]) => length + all.length, 0);
  if (text === '' || read !== text.length) return undefined;
  return char => ranges.some(([, low = '', high = low]) => low <= char && char <= high);
}
