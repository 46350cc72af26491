const DECIMAL = /^([+-]?)0*([1-9][0-9]*|0)$/;
const MAX_DIGITS = 19;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** As Go's strconv.ParseInt(text, 10, 64), which Gt and Lt rest on; undefined where that gives an error. */
export function parseInt64(text: string): bigint | undefined {
  const [, sign, digits] = DECIMAL.exec(text) ?? [];
  if (digits === undefined || digits.length > MAX_DIGITS) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value >= MIN && value <= MAX ? value : undefined;
}
