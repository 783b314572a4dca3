/**
 * row = Σ coefficients[l] · panel[l, :], four rows of the panel at a time, as each pass over `row` costs a load and a store.
 *
 * @param panel - rows of `row.length` numbers, the first at `start`
 */
export function combineRows(coefficients: Float64Array, panel: Float64Array, start: number, row: Float64Array): void {
  const k = coefficients.length;
  const n = row.length;
  row.fill(0);
  let l = 0;
  for (; l + 4 <= k; l += 4) {
    const a = coefficients[l]!;
    const b = coefficients[l + 1]!;
    const c = coefficients[l + 2]!;
    const d = coefficients[l + 3]!;
    const p = start + l * n;
    const q = p + n;
    const r = q + n;
    const s = r + n;
    for (let j = 0; j < n; j++) {
      row[j] = row[j]! + a * panel[p + j]! + b * panel[q + j]! + c * panel[r + j]! + d * panel[s + j]!;
    }
  }
  for (; l < k; l++) {
    const a = coefficients[l]!;
    const p = start + l * n;
    for (let j = 0; j < n; j++) row[j] = row[j]! + a * panel[p + j]!;
  }
}
