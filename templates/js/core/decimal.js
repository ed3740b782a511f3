/**
 * Decimal codes: 16 bits that hold a number of 3 significant digits.
 */

/** Code → number, see report.py: 3 significant digits in 16 bits. 65535 is NaN, 0 is zero. */
export const DECIMAL = new Float64Array(65536);
for (let from = 1, exponent = -64; from < 65535; from += 900, exponent += 1) {
  const power = 10 ** Math.abs(exponent);
  // dividing by a power of ten up to 1e22 gives the very number that the decimal text means
  for (let digits = 100; digits < 1000; digits += 1) DECIMAL[from + digits - 100] = exponent < 0 ? digits / power : digits * power;
}
DECIMAL[65535] = NaN;
