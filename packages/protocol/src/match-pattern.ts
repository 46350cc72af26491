/**
 * A pattern in which `*` stands for any text, also none and also across `/`; everything else is literal. The whole text
 * must match.
 */
export function compilePattern(glob: string): (text: string) => boolean {
  const [head = '', ...others] = glob.split('*');
  const tail = others.pop();
  if (tail === undefined) return text => text === glob;
  const fixedLength = head.length + tail.length;
  return text =>
    text.length >= fixedLength &&
    text.startsWith(head) &&
    text.endsWith(tail) &&
    containsInOrder(text.slice(head.length, text.length - tail.length), others);
}

/** Taking each piece as early as possible leaves the most room for the rest, so nothing is ever tried twice. */
function containsInOrder(text: string, pieces: readonly string[]): boolean {
  let from = 0;
  for (const piece of pieces) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return true;
}
