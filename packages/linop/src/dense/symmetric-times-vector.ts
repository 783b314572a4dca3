/**
 * y = A x for the leading n × n block of a symmetric row-major matrix, reading only its lower triangle.
 *
 * @param a - row-major data with `stride` entries a row
 * @param x - at least n entries from xStart on
 * @param y - the first n entries are overwritten
 *
 * Cost: n²/2 loads, n² multiply-adds.
 */
export function symmetricTimesVector(
  a: Float64Array,
  stride: number,
  n: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  y.fill(0, yStart, yStart + n);
  let row = 0;
  for (; row + 4 <= n; row += 4) {
    addFourRows(a, row * stride, stride, row, x, xStart, y, yStart);
    for (let i = 1; i < 4; i++) addRow(a, (row + i) * stride, row, row + i, x, xStart, y, yStart);
    for (let i = 0; i < 4; i++) y[yStart + row + i]! += a[(row + i) * stride + row + i]! * x[xStart + row + i]!;
  }
  for (; row < n; row++) {
    addRow(a, row * stride, 0, row, x, xStart, y, yStart);
    y[yStart + row]! += a[row * stride + row]! * x[xStart + row]!;
  }
}

// The columns left of the 4 × 4 diagonal block: each entry is loaded once and used for its row and for its column.
function addFourRows(
  a: Float64Array,
  r0: number,
  stride: number,
  row: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  const r1 = r0 + stride;
  const r2 = r1 + stride;
  const r3 = r2 + stride;
  const x0 = x[xStart + row]!;
  const x1 = x[xStart + row + 1]!;
  const x2 = x[xStart + row + 2]!;
  const x3 = x[xStart + row + 3]!;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < row; j++) {
    const a0 = a[r0 + j]!;
    const a1 = a[r1 + j]!;
    const a2 = a[r2 + j]!;
    const a3 = a[r3 + j]!;
    const xj = x[xStart + j]!;
    s0 += a0 * xj;
    s1 += a1 * xj;
    s2 += a2 * xj;
    s3 += a3 * xj;
    y[yStart + j]! += a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3);
  }
  y[yStart + row]! += s0;
  y[yStart + row + 1]! += s1;
  y[yStart + row + 2]! += s2;
  y[yStart + row + 3]! += s3;
}

// Columns from `first` up to, not including, the diagonal of one row.
function addRow(
  a: Float64Array,
  start: number,
  first: number,
  row: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  const xRow = x[xStart + row]!;
  let sum = 0;
  for (let j = first; j < row; j++) {
    const entry = a[start + j]!;
    sum += entry * x[xStart + j]!;
    y[yStart + j]! += entry * xRow;
  }
  y[yStart + row]! += sum;
}
