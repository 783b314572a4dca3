/** Beyond these, decimal labels are long enough to be cut off or left out. */
const LEAST = 1e-4;
const MOST = 1e6;

/** How an axis writes its numbers: tiny and huge ones with an exponent, others as charts do. */
export function numberAxis(...columns: readonly ArrayLike<number>[]): object {
  let largest = 0;
  for (const values of columns) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) largest = Math.max(largest, Math.abs(values[i]!));
    }
  }
  if (largest === 0 || (largest >= LEAST && largest < MOST)) return {};
  return { labelExpr: "datum.value === 0 ? '0' : format(datum.value, '.12~e')" };
}

/** How a logarithmic axis writes its numbers: 0.2 and 20, but tiny and huge ones with an exponent. */
export function logarithmicAxis(): object {
  const plain = `datum.value >= ${LEAST} && datum.value < ${MOST}`;
  return { labelExpr: `format(datum.value, ${plain} ? '.12~g' : '.0e')` };
}
