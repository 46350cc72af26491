/**
 * What a process says of itself holds for as long as a connection to it stands: asked once on each, not in every look.
 * `connection` counts the connections made so far. Undefined is no answer, and is asked for again.
 */
export function oncePerConnection<T>(
  connection: () => number,
  ask: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  let known: { readonly connection: number; readonly answer: T } | undefined;
  return async signal => {
    const before = connection();
    if (known?.connection === before) return known.answer;
    const answer = await ask(signal);
    // Counted before the question: one that had to connect first is asked once more, and never wrongly kept.
    if (answer !== undefined) known = { connection: before, answer };
    return answer;
  };
}
