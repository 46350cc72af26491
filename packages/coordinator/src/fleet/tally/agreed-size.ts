/**
 * The size that nodes agree on: the median of those that they name (of two in the middle the lower one), if at least two nodes name
 * one. So no single node decides it. A size that is too small is corrected once a pull has read the manifest.
 */
export function agreedSize(counts: Iterable<ReadonlyMap<number, number>>): number | undefined {
  const sizes = [...counts].flatMap(named => [...named]).sort(([a], [b]) => a - b);
  const nodes = sizes.reduce((sum, [, count]) => sum + count, 0);
  if (nodes < 2) return undefined;
  let passed = 0;
  return sizes.find(([, count]) => (passed += count) >= nodes / 2)?.[0];
}
